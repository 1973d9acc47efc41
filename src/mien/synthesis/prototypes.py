"""Action Units that real faces show together, by the name of the display: what the drawn heads are posed with.

After the prototypes of EMFACS (Ekman & Friesen), the units of pain (Prkachin & Solomon, 2008) and of crying, and what
faces on photos of strong displays add to them: open mouths, bared teeth, narrowed eyes.
"""

PROTOTYPES: dict[str, dict[str, float]] = {
    "neutral": {},
    "calm": {},
    "smile": {"AU06": 0.9, "AU12": 0.9},
    "polite smile": {"AU12": 0.7},
    "broad smile": {"AU06": 0.9, "AU12": 1.0, "AU25": 1.0, "AU26": 0.25},
    "laugh": {"AU06": 1.0, "AU07": 0.5, "AU12": 1.0, "AU25": 1.0, "AU26": 0.9},
    "laugh with closed eyes": {"AU06": 1.0, "AU12": 1.0, "AU25": 1.0, "AU26": 0.5, "AU43": 0.9},
    "sadness": {"AU01": 1.0, "AU04": 0.8, "AU15": 1.0, "AU17": 0.5},
    "worry": {"AU01": 0.9, "AU04": 0.8},
    "pout": {"AU04": 0.7, "AU15": 0.8, "AU17": 1.0},
    "crying": {"AU01": 0.4, "AU04": 0.9, "AU06": 0.8, "AU07": 0.7, "AU20": 0.6, "AU25": 0.9, "AU26": 0.6, "AU43": 0.8},
    "sobbing": {"AU04": 0.9, "AU06": 0.7, "AU07": 0.7, "AU15": 0.9, "AU17": 0.8, "AU43": 0.7},
    "frown": {"AU04": 1.0, "AU07": 0.5},
    "anger": {"AU04": 1.0, "AU07": 1.0, "AU17": 0.4, "AU24": 1.0},
    "glare": {"AU04": 1.0, "AU05": 0.8, "AU07": 0.7, "AU23": 1.0},
    "shouting": {"AU04": 1.0, "AU05": 0.5, "AU07": 0.7, "AU09": 0.4, "AU10": 0.8, "AU25": 1.0, "AU26": 1.0},
    "bared teeth": {"AU04": 1.0, "AU07": 0.8, "AU09": 0.5, "AU10": 0.9, "AU20": 0.5, "AU25": 1.0},
    "disgust": {"AU04": 0.5, "AU09": 1.0, "AU10": 0.8},
    "strong disgust": {"AU04": 0.6, "AU06": 0.5, "AU07": 0.7, "AU09": 1.0, "AU10": 1.0, "AU25": 0.7},
    "surprise": {"AU01": 1.0, "AU02": 1.0, "AU05": 1.0, "AU26": 0.9},
    "raised brows": {"AU01": 0.8, "AU02": 0.9},
    "fear": {"AU01": 1.0, "AU02": 0.7, "AU04": 0.8, "AU05": 0.9, "AU20": 1.0, "AU25": 0.6},
    "terror": {"AU01": 1.0, "AU02": 0.8, "AU04": 0.9, "AU05": 1.0, "AU20": 0.9, "AU25": 1.0, "AU26": 0.8},
    "contempt": {"AU14": 1.0},
    "closed eyes": {"AU43": 1.0},
    "speech": {"AU25": 0.7, "AU26": 0.5},
    "yawn": {"AU25": 1.0, "AU26": 1.0, "AU43": 0.7},
    "pain": {"AU04": 0.9, "AU06": 0.8, "AU07": 0.9, "AU10": 0.6, "AU43": 0.6},
    "strong pain": {"AU04": 1.0, "AU06": 0.9, "AU07": 1.0, "AU09": 0.6, "AU10": 0.8, "AU25": 0.9, "AU43": 0.8},
}
