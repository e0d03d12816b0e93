// The search of a built site, run by its own worker: `node search.mjs SITE QUERY...` prints, for each query, the pages that
// it finds, best first, as JSON.
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import vm from "node:vm";

const [site, ...queries] = process.argv.slice(2);
const workers = join(site, "assets/javascripts/workers");
const worker = readdirSync(workers).find((name) => name.endsWith(".min.js"));
const [SETUP, QUERY] = [0, 2]; // types of messages

const listeners = [];
const answers = [];
const scope = vm.createContext({
  addEventListener: (_, listener) => listeners.push(listener),
  postMessage: (answer) => answers.push(answer),
  console,
  setTimeout,
});
scope.self = scope;
vm.runInContext(readFileSync(join(workers, worker), "utf8"), scope);
const ask = async (type, data) => {
  for (const listener of listeners) await listener({ data: { type, data } });
  return answers.pop().data;
};

const index = JSON.parse(readFileSync(join(site, "search/search_index.json"), "utf8"));
await ask(SETUP, { ...index, options: { suggest: false } });
const found = {};
for (const query of queries) {
  const { items } = await ask(QUERY, query);
  found[query] = items.map(([best]) => best.location.split("#")[0]);
}
console.log(JSON.stringify(found));
