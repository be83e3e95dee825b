// What our parts of the front end say, in the language that the user chose; English where a text or
// the whole language is missing. The texts are in locales/*/front_end.json.
import english from "../../locales/en/front_end.json";
import chinese from "../../locales/zh/front_end.json";
import { language } from "./comfyui";

type Key = keyof typeof english;
const TEXTS: Record<string, Partial<Record<Key, string>>> = { en: english, zh: chinese };

/** A text; `{0}`, `{1}` in it are `values`. */
export function text(key: Key, ...values: (string | number)[]): string {
  const chosen = language();
  const texts = TEXTS[chosen] ?? TEXTS[chosen.split("-")[0] ?? ""];
  const found = texts?.[key] ?? english[key];
  return found.replace(/\{(\d)\}/g, (_, place: string) => String(values[Number(place)] ?? ""));
}
