// `npm run schema:generate`: writes the JSON Schema of definitions, with the nodes that are built in.
import { writeFileSync } from "node:fs";
import { graphs } from "../src/authoring/graph/graphs.ts";

const file = new URL("../definition.schema.json", import.meta.url);
writeFileSync(file, `${JSON.stringify(graphs().schema(), null, "\t")}\n`);
