// `npm run openapi:generate`: writes the OpenAPI document into `src/http/openapi/text.ts`.
import { writeFileSync } from "node:fs";
import { createApp } from "../src/http/app.ts";
import { openApiDocument } from "../src/http/openapi/document.ts";
import { documentFile } from "../src/http/openapi/document-file.ts";

// With definitions, so that all routes are there; none of them is asked anything.
const { routes } = createApp({ types: new Map(), definitions: {} });
const file = new URL("../src/http/openapi/text.ts", import.meta.url);
writeFileSync(file, documentFile(openApiDocument(routes)));
