// Starts a PLC directory and a PDS on 127.0.0.1 and prints one line, "ready", when both answer.
// usage: node start.mjs PDS_PORT PLC_PORT DATA_DIRECTORY
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import pds from "@atproto/pds";
import plc from "@did-plc/server";

const [port, plcPort, data] = process.argv.slice(2);

const directory = plc.PlcServer.create({ db: plc.Database.mock(), port: Number(plcPort) });
await directory.start();

const env = {
  hostname: "localhost",
  port: Number(port),
  dataDirectory: data,
  blobstoreDiskLocation: join(data, "blobs"),
  jwtSecret: randomBytes(16).toString("hex"),
  adminPassword: randomBytes(16).toString("hex"),
  plcRotationKeyK256PrivateKeyHex: randomBytes(32).toString("hex"),
  didPlcUrl: `http://localhost:${plcPort}`,
  serviceHandleDomains: [".test"],
  devMode: true,
  inviteRequired: false,
  rateLimitsEnabled: false,
  logEnabled: false,
};
const server = await pds.PDS.create(pds.envToCfg(env), pds.envToSecrets(env));
await server.start();
console.log("ready");

const stop = async () => {
  await server.destroy();
  await directory.destroy();
  process.exit(0);
};
process.on("SIGTERM", stop);
process.stdin.on("end", stop); // whoever started us is gone
process.stdin.resume();
