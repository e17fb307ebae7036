// `npm run types`: the SDK's database types, from the migrations.
import { generateCommand } from "../testing/generate_command.ts";
import { databaseTypes } from "../testing/generated.ts";

export default function types(args: string[]): Promise<number> {
  return generateCommand(args, "types", databaseTypes);
}
