import { readFileSync } from "node:fs";

export const handle = async (event, context) => {
  const { Do, Text = "", MS = 0 } = event;
  console.log("doing", Do);
  switch (Do) {
    case "echo":
      return { text: Text };
    case "fail":
      throw new Error(Text);
    case "exit":
      process.exit(3);
    case "sleep":
      await new Promise((done) => setTimeout(done, MS));
      return "slept";
    case "env":
      return process.env[Text] ?? "";
    case "read":
      return readFileSync(Text, "utf8").trim();
    case "context":
      return { arn: context.invokedFunctionArn, version: context.functionVersion, name: context.functionName };
  }
  throw new Error(`nothing to do for ${Do}`);
};
