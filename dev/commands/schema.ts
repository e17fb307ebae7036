// `npm run schema`: the committed schema dump, from the migrations.
import { generateCommand } from "../testing/generate_command.ts";
import { schemaDump } from "../testing/generated.ts";

export default function schema(args: string[]): Promise<number> {
  return generateCommand(args, "schema", schemaDump);
}
