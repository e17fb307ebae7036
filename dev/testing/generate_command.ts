// What `npm run types` and `npm run schema` have in common.
import { stopRequested } from "../stack/signals.ts";
import { accent, danger, Progress } from "../stack/terminal.ts";
import { type Generated, regenerate } from "./generated.ts";
import { startSharedStack } from "./shared_stack.ts";

export async function generateCommand(
  args: string[],
  purpose: string,
  generated: Generated,
): Promise<number> {
  if (args.length > 0) {
    console.log(`Generates ${generated.path} from the migrations. It takes no arguments.`);
    return args[0] === "--help" ? 0 : 2;
  }
  const giveUp = new AbortController();
  stopRequested().then(() => giveUp.abort());
  const progress = new Progress(`Generating ${generated.path}`);
  try {
    const shared = await startSharedStack(purpose, giveUp.signal);
    const outcome = await regenerate(generated, shared.stack.env.DB_URL).finally(shared.stop);
    progress.end();
    console.log(`${accent("✓")} ${generated.path} ${outcome === "changed" ? "written" : "was up to date"}`);
    return 0;
  } catch (error) {
    progress.end();
    if (giveUp.signal.aborted) return 130;
    console.error(`${danger("✗")} ${error instanceof Error ? error.message : error}`);
    return 1;
  }
}
