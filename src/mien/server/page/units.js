// The Action Units by region, in the order of the face; names and signs are words (`au.AU12`, `sign.AU12`).
export const REGIONS = {
  brow: ["AU01", "AU02", "AU04"],
  eye: ["AU05", "AU06", "AU07", "AU43"],
  nose: ["AU09"],
  mouth: ["AU10", "AU12", "AU14", "AU15", "AU17", "AU20", "AU23", "AU24", "AU25", "AU26"],
};

export const CODES = Object.values(REGIONS).flat().sort();

// Units that may speak for each display; others get weight 0 from training, and can be tried here.
export const SPEAKS_FOR = {
  happiness: ["AU06", "AU12", "AU07", "AU25", "AU26", "AU43"],
  neutral: [],
  anger: ["AU04", "AU05", "AU07", "AU23", "AU24", "AU10", "AU17", "AU25", "AU26"],
  disgust: ["AU09", "AU10", "AU15", "AU17", "AU25", "AU26", "AU43"],
  fear: ["AU01", "AU04", "AU05", "AU20", "AU02", "AU25", "AU26"],
  sadness: ["AU01", "AU04", "AU15", "AU17", "AU20", "AU43"],
  contempt: ["AU14", "AU10"],
  surprise: ["AU01", "AU02", "AU05", "AU25", "AU26"],
};
