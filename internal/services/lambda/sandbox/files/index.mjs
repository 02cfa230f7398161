import { run } from '/var/runtime/node_modules/aws-lambda-ric/dist/index.mjs';

await run('/var/task', process.argv[2]);
