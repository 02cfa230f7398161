// Answers CloudFormation for a custom resource. It has the names that AWS's own module has.
"use strict";

exports.SUCCESS = "SUCCESS";
exports.FAILED = "FAILED";

exports.send = function (event, context, responseStatus, responseData, physicalResourceId, noEcho) {
  const body = JSON.stringify({
    Status: responseStatus,
    Reason: "See the details in CloudWatch Log Stream: " + context.logStreamName,
    PhysicalResourceId: physicalResourceId || context.logStreamName,
    StackId: event.StackId,
    RequestId: event.RequestId,
    LogicalResourceId: event.LogicalResourceId,
    NoEcho: noEcho || false,
    Data: responseData,
  });
  const url = new URL(event.ResponseURL);
  const client = url.protocol === "http:" ? require("http") : require("https");
  return new Promise((resolve) => {
    const done = () => {
      if (typeof context.done === "function") context.done();
      resolve();
    };
    const request = client.request(url, { method: "PUT", headers: { "content-type": "", "content-length": Buffer.byteLength(body) } }, (answer) => {
      console.log("Status code: " + answer.statusCode);
      answer.resume();
      answer.on("end", done);
    });
    request.on("error", (e) => {
      console.log("send(..) failed executing http.request(..): " + e.message);
      done();
    });
    request.end(body);
  });
};
