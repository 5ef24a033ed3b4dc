import {
  placeRecipe,
  RECIPE_PLACES,
  RECIPE_SERVERS,
  type RecipePlace,
  type RecipeServer,
  recipe,
} from '../../sources/recipe/recipe.ts';
import { TOOL_VERSION } from '../../version.ts';
import type { RecipeFlags } from '../options/capture.ts';
import { closest } from '../options/closest.ts';
import { UsageError } from '../options/usage-error.ts';
import { EXIT } from '../printing/exit-code.ts';
import { writeStdout } from '../printing/write-result.ts';

/**
 * Prints the script that captures a server of this name, or a process, or where workers run. Throws `UsageError` for
 * other words.
 */
export async function runRecipe(word: string | undefined, { machine, for: seconds }: RecipeFlags): Promise<number> {
  if (isPlace(word)) {
    await writeStdout(placeRecipe(word, TOOL_VERSION, seconds));
    return EXIT.done;
  }
  await writeStdout(recipe({ subject: subjectOf(word), machine, version: TOOL_VERSION, seconds }));
  return EXIT.done;
}

function subjectOf(word: string | undefined): RecipeServer | number | null {
  if (word === undefined) return null;
  if (/^[1-9]\d{0,9}$/.test(word)) return Number(word);
  if (isServer(word)) return word;
  const names = [...RECIPE_SERVERS, ...RECIPE_PLACES];
  const meant = closest(word, names);
  throw new UsageError(`There is no recipe for "${word}".`, {
    hint: meant === undefined ? `There are: ${names.join(', ')}; or name a PID.` : `Did you mean ${meant}?`,
  });
}

function isPlace(word: string | undefined): word is RecipePlace {
  return (RECIPE_PLACES as readonly (string | undefined)[]).includes(word);
}

function isServer(name: string): name is RecipeServer {
  return (RECIPE_SERVERS as readonly string[]).includes(name);
}
