import { converse } from './conversation.mjs';

console.log(JSON.stringify(await converse(process.argv.at(-1))));
