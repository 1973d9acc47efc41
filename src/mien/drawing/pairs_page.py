"""A page that shows pairs of faces one after another and hands out the answers; it works without a network."""

import base64
import json
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mien.opencv import cv2

Image = NDArray[np.uint8]
Pair = tuple[str, str]

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; margin: 1.5rem auto; max-width: 46rem; padding: 0 1rem;
text-align: center; }
.pair { display: flex; gap: 1rem; justify-content: center; } .pair button { padding: .3rem; flex: 0 1 20rem; }
.pair img { width: 100%; display: block; }
button { font: inherit; cursor: pointer; padding: .4rem 1rem; margin: .2rem; }
.chosen { outline: 4px solid #3b7dd8; } progress { width: 100%; } .soft { opacity: .65; }
@media (prefers-color-scheme: dark) { body { background: #16181c; color: #e4e4e4; } }
"""
_BODY = """
<h1>Whom do you prefer?</h1>
<p class=soft>Your taste alone is asked, and there is no right answer.<br>
Keys: ← → for a face, ↓ for a tie, ↑ to go back.</p>
<progress id=bar></progress><p id=at></p>
<div class=pair><button id=first><img id=left alt="first face"></button>
<button id=second><img id=right alt="second face"></button></div>
<p><button id=back>back</button><button id=tie>no preference</button><button id=skip>skip</button></p>
<p><button id=save><b>save the answers</b> (CSV)</button></p>
<p class=soft>The answers stay in this page until you save them. The page holds the pictures: keep it to yourself.</p>
"""
_SCRIPT = """
const answers = pairs.map(() => ''); let at = 0, saved = true;
const $ = id => document.getElementById(id);
function show() {
  const [a, b] = pairs[at];
  $('left').src = pictures[a]; $('right').src = pictures[b];
  $('bar').max = pairs.length; $('bar').value = answers.filter(x => x).length;
  $('at').textContent = `pair ${at + 1} of ${pairs.length}, ${answers.filter(x => x).length} answered`;
  for (const id of ['first', 'second', 'tie']) $(id).classList.toggle('chosen', answers[at] === id);
}
function move(step) { at = Math.min(Math.max(at + step, 0), pairs.length - 1); show(); }
function answer(value) { answers[at] = value; saved = false; move(1); }
for (const id of ['first', 'second', 'tie']) $(id).onclick = () => answer(id);
$('skip').onclick = () => answer(''); $('back').onclick = () => move(-1);
document.onkeydown = event => {
  const key = {ArrowLeft: 'first', ArrowRight: 'second', ArrowDown: 'tie'}[event.key];
  if (key) answer(key); else if (event.key === 'ArrowUp') move(-1); else return;
  event.preventDefault();
};
$('save').onclick = () => {
  const quote = text => `"${text.replaceAll('"', '""')}"`;
  const rows = pairs.map(([a, b], i) => [quote(names[a]), quote(names[b]), answers[i]].join(','));
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([['first,second,preferred', ...rows, ''].join('\\n')], {type: 'text/csv'}));
  link.download = file; link.click(); saved = true;
};
window.onbeforeunload = event => { if (!saved) event.preventDefault(); };
show();
"""


def pairs_page(pairs: Sequence[Pair], pictures: dict[str, Image], file: str = "pairs.csv") -> str:
    """One HTML page for pairs of names; pictures (H, W, 3) RGB uint8 by name; file: what the answers are saved as.

    The answers are a CSV `first,second,preferred` with preferred first, second, tie or nothing.
    """
    names = [name for name in pictures if any(name in pair for pair in pairs)]
    at = {name: i for i, name in enumerate(names)}
    values = {
        "names": names,
        "pictures": [_data_url(pictures[name]) for name in names],
        "pairs": [[at[first], at[second]] for first, second in pairs],
        "file": file,
    }
    # A name may hold what ends a script.
    constants = "\n".join(f"const {key} = {_json(value)};" for key, value in values.items())
    return (
        "<!doctype html><html lang=en><meta charset=utf-8>"
        '<meta name=viewport content="width=device-width"><title>Pairs of faces</title>'
        f"<style>{_STYLE}</style>{_BODY}<script>{constants}{_SCRIPT}</script></html>\n"
    )


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=True).replace("<", "\\u003c")


def _data_url(picture: Image) -> str:
    encoded = cv2.imencode(".jpg", np.ascontiguousarray(picture[..., ::-1]))[1].tobytes()
    return "data:image/jpeg;base64," + base64.b64encode(encoded).decode("ascii")
