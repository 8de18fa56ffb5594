// The official SDK on a leash: each line of stdin is a call, [name, ...arguments] as JSON; each is answered with a line.
// The first line is what the client is made with.
const readline = require("node:readline");
const { VoucherifyServerSide } = require("@voucherify/sdk");

async function main() {
  let client;
  for await (const line of readline.createInterface({ input: process.stdin })) {
    if (client === undefined) {
      client = VoucherifyServerSide(JSON.parse(line));
      continue;
    }
    const [name, ...parameters] = JSON.parse(line);
    const [namespace, method] = name.split(".");
    let answer;
    try {
      answer = { value: await client[namespace][method](...parameters) };
    } catch (error) {
      answer = { error: { code: error.code, key: error.key, message: error.message, details: error.details } };
    }
    console.log(JSON.stringify(answer));
  }
}

main();
