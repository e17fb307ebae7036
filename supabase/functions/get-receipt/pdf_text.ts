// Text as a PDF needs it: only what the font can draw, cut into lines, each line in runs of one direction.
//
// DejaVu Sans draws Latin, Greek, Cyrillic, Armenian, Georgian, Hebrew, Arabic and symbols. Chinese, Japanese, Korean,
// Thai and Indic scripts and emoji it does not: they print as �, and the page, which uses the reader's fonts, shows them.

/** Stands for a character the font lacks. */
export const MISSING = "\uFFFD";

// Controls, zero-width characters, direction marks and variation selectors draw nothing, and a font has no shape for them.
const INVISIBLE = /[\p{Cc}\p{Cf}\u2028\u2029\uFE00-\uFE0F]/gu;

/** The text with what cannot be drawn replaced, so that no name stops a receipt. */
export function printable(text: string, covers: ReadonlySet<number>): string {
  const visible = text.normalize("NFC").replace(/\s/g, " ").replace(
    INVISIBLE,
    "",
  );
  return Array.from(
    visible,
    (character) => covers.has(character.codePointAt(0)!) ? character : MISSING,
  ).join(
    "",
  );
}

const RIGHT_TO_LEFT = "\\u0590-\\u08FF\\uFB1D-\\uFDFF\\uFE70-\\uFEFC";
// Arabic-Indic digits stand in these blocks and are written left to right.
const RTL_WORDS = new RegExp(
  `(?![\\u0660-\\u0669\\u06F0-\\u06F9])[${RIGHT_TO_LEFT}]+(?:[^\\p{L}\\p{N}]+(?![\\u0660-\\u0669\\u06F0-\\u06F9])[${RIGHT_TO_LEFT}]+)*`,
  "gu",
);
const FIRST_LETTER = /\p{L}/u;
const RTL_LETTER = new RegExp(`[${RIGHT_TO_LEFT}]`);
// Brackets stay with the words they stand at.
const NEUTRAL = "[^\\p{L}\\p{N}\\p{Sc}\\p{Ps}\\p{Pe}]*";
const WITHIN_NEUTRALS = new RegExp(`^(${NEUTRAL})(.*?)(${NEUTRAL})$`, "su");
const MIRRORED: Record<string, string> = { "(": ")", ")": "(", "[": "]", "]": "[", "«": "»", "»": "«" };

/**
 * A line as runs of one direction, in the order they stand on paper from left to right. The font engine orders the
 * letters within a run; this orders the runs by the direction of the line's first letter, and gives what stands
 * between them that direction. It is the common part of the Unicode bidirectional algorithm, not all of it.
 */
export function visualRuns(line: string): string[] {
  const first = FIRST_LETTER.exec(line)?.[0] ?? "";
  const isRtl = RTL_LETTER.test(first);
  const runs: string[] = [];
  const others = (text: string) => {
    if (!isRtl) return runs.push(text);
    if (!/[\p{L}\p{N}]/u.test(text)) return runs.push(reversed(text));
    const [, before, words, after] = WITHIN_NEUTRALS.exec(text)!;
    runs.push(reversed(before!), words!, reversed(after!));
  };
  let end = 0;
  for (const { 0: words, index } of line.matchAll(RTL_WORDS)) {
    others(line.slice(end, index));
    runs.push(words);
    end = index + words.length;
  }
  others(line.slice(end));
  const drawn = runs.filter((run) => run !== "");
  return isRtl ? drawn.reverse() : drawn;
}

const reversed = (text: string): string =>
  Array.from(text, (character) => MIRRORED[character] ?? character).reverse().join("");

/** Lines that fit the width, broken at spaces, and within a word only where it is longer than a line. */
export function wrap(
  text: string,
  width: number,
  measure: (text: string) => number,
): string[] {
  const lines: string[] = [];
  let line = "";
  const take = (piece: string, joint: string) => {
    const longer = line === "" ? piece : line + joint + piece;
    if (measure(longer) <= width) {
      line = longer;
      return;
    }
    if (line !== "") lines.push(line);
    line = piece;
  };
  for (const word of text.split(" ")) {
    if (measure(word) <= width) take(word, " ");
    else {
      // Its first letters begin on the line that has room, the rest follow without a space.
      let joint = " ";
      for (const letter of word) {
        take(letter, joint);
        joint = "";
      }
    }
  }
  return [...lines, line];
}
