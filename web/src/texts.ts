// What our parts of the front end say, in the language that the user chose; English where a text or
// the whole language is missing. The texts are in locales/*/front_end.json.
import english from "../../locales/en/front_end.json";
import chinese from "../../locales/zh/front_end.json";
import { language } from "./comfyui";

export type TextKey = keyof typeof english;
const TEXTS: Record<string, Partial<Record<TextKey, string>>> = { en: english, zh: chinese };

/** A text; `{0}`, `{1}` in it are `values`. */
export function text(key: TextKey, ...values: (string | number)[]): string {
  const chosen = language();
  const texts = TEXTS[chosen] ?? TEXTS[chosen.split("-")[0] ?? ""];
  const found = texts?.[key] ?? english[key];
  return found.replace(/\{(\d)\}/g, (_, place: string) => String(values[Number(place)] ?? ""));
}

/** The text of a key that may not be one; `other` then. */
export function textOr(key: string, other: string): string {
  return key in english ? text(key as TextKey) : other;
}
