// Holds requests against the published descriptions of the APIs they went to.
//
//   node check.mjs < asked.json      [{"method", "path", "graphql"?}, …]
//
// GraphQL documents are validated against GitHub's schema. A REST call must exist in GitHub's
// OpenAPI description, or in jira.js, which is generated from Atlassian's.

import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { buildSchema, parse, validate } from 'graphql';

const modules = join(import.meta.dirname, 'node_modules');
const read = (...path) => readFileSync(join(modules, ...path), 'utf8');

// The published schema defines two fields twice, which validating the schema itself would refuse.
const schema = buildSchema(read('@octokit', 'graphql-schema', 'schema.graphql'), {
  assumeValid: true,
  assumeValidSDL: true,
});

const pattern = (template) =>
  new RegExp(`^${template.replace(/[.]/g, '\\.').replace(/\$?\{[^}]*\}/g, '[^/]+')}$`);

function githubCalls() {
  const calls = [];
  let path;
  for (const line of read('@octokit', 'openapi-types', 'types.d.ts').split('\n')) {
    const key = line.match(/^ {2}"(\/[^"]*)": \{$/);
    if (key) path = key[1];
    else if (line === '  };') path = undefined;
    const method = path && line.match(/^ {4}(get|post|put|patch|delete): operations/);
    if (method) calls.push({ method: method[1].toUpperCase(), path: pattern(path) });
  }
  return calls;
}

function jiraCalls() {
  const calls = [];
  for (const version of ['version2', 'version3', 'agile']) {
    const folder = join('jira.js', 'dist', 'esm', version);
    for (const file of readdirSync(join(modules, folder)).filter((name) => name.endsWith('.mjs'))) {
      const found = read(folder, file).matchAll(/url: ['"`]([^'"`]+)['"`],\s*method: '([A-Z]+)'/g);
      for (const [, path, method] of found) calls.push({ method, path: pattern(path) });
    }
  }
  return calls;
}

// Nobody publishes Data Center's description on npm; its documentation has this, and Cloud has not.
const dataCenter = [{ method: 'GET', path: pattern('/rest/api/2/project') }];

const known = [...githubCalls(), ...jiraCalls(), ...dataCenter];
const asked = JSON.parse(readFileSync(0, 'utf8'));
const problems = [];
let documents = 0;
const calls = new Set();
for (const { method, path: given, graphql } of asked) {
  // GitHub's links to further pages name a repository by its number.
  const path = given.replace(/^\/repositories\/\d+\//, '/repos/owner/name/');
  if (graphql) {
    documents += 1;
    for (const error of validate(schema, parse(graphql))) problems.push(`${error}\n${graphql}`);
  } else {
    const call = known.find((call) => call.method === method && call.path.test(path));
    if (call) calls.add(`${method} ${call.path.source}`);
    else problems.push(`no such call: ${method} ${path}`);
  }
}
for (const problem of problems) console.error(problem);
console.log(`${documents} GraphQL documents and ${calls.size} REST calls, ${problems.length} problems`);
process.exit(problems.length > 0 ? 1 : 0);
