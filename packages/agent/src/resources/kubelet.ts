import { readFileSync } from "node:fs";
import type { ClientRequest, IncomingMessage, RequestOptions } from "node:http";
import { CliError } from "../cli/cli-error.ts";
import { type PodContainer, parsePodList } from "./pod-list.ts";

export interface KubeletSettings {
  /** `https://10.0.0.7:10250`, or `http://` for the port without authentication. */
  readonly url: string;
  /** Default: that of the service account. Read anew for each question, since Kubernetes replaces it. */
  readonly tokenPath?: string;
  /** Certificates that may have signed that of the kubelet. Default: those of the service account. */
  readonly certificateAuthorityPath?: string;
  /** Do not check the kubelet's certificate, which many clusters let it sign itself. Default false. */
  readonly skipVerification?: boolean;
  /** Default 5 s. */
  readonly timeoutMs?: number;
}

const SERVICE_ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount";
/** 250 pods are some 3 MB. */
const ANSWER_LIMIT_BYTES = 32 * 1024 * 1024;

/**
 * Asks a kubelet for the pods of its node. The service account needs the right to `get` `nodes/pods` (from Kubernetes
 * 1.33 on) or `nodes/proxy`.
 *
 * @throws CliError when the kubelet cannot be reached, refuses, or answers something else
 */
export async function fetchPods(settings: KubeletSettings): Promise<Map<string, PodContainer>> {
  const url = new URL("/pods", settings.url);
  const request = url.protocol === "https:" ? secureRequest(url, settings) : plainRequest(url);
  const { timeoutMs = 5000 } = settings;
  const answer = await textOf(request, timeoutMs);
  return parsePodList(answer);
}

function plainRequest(url: URL): ClientRequest {
  // Not by import: that reads all exports of the module, WebSocket with its undici among them, 14 MB in all (Node.js 24).
  return process.getBuiltinModule("node:http").request(url);
}

function secureRequest(url: URL, settings: KubeletSettings): ClientRequest {
  const { tokenPath = `${SERVICE_ACCOUNT}/token`, skipVerification = false } = settings;
  const { certificateAuthorityPath = `${SERVICE_ACCOUNT}/ca.crt` } = settings;
  const options: RequestOptions & { ca?: Buffer; rejectUnauthorized?: boolean } = {
    headers: { authorization: `Bearer ${readSecret(tokenPath).toString("latin1").trim()}` },
    ...(skipVerification ? { rejectUnauthorized: false } : { ca: readSecret(certificateAuthorityPath) }),
  };
  return process.getBuiltinModule("node:https").request(url, options);
}

function readSecret(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new CliError(`${path} cannot be read`, {
      hints: ["mount the service account's token into Skep's pod: automountServiceAccountToken: true"],
      cause: error,
    });
  }
}

/** The body of the answer. */
function textOf(request: ClientRequest, timeoutMs: number): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const timer = setTimeout(() => request.destroy(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
  request.on("error", reject);
  request.on("response", (response: IncomingMessage) => {
    if (response.statusCode !== 200) {
      request.destroy(new Error(`it answers ${response.statusCode} ${response.statusMessage ?? ""}`.trim()));
      return;
    }
    const chunks: Buffer[] = [];
    let sizeBytes = 0;
    response.on("data", (chunk: Buffer) => {
      sizeBytes += chunk.length;
      if (sizeBytes > ANSWER_LIMIT_BYTES) request.destroy(new Error(`its answer exceeds ${ANSWER_LIMIT_BYTES} bytes`));
      else chunks.push(chunk);
    });
    response.on("error", reject);
    response.on("end", () => resolve(Buffer.concat(chunks).toString("utf8")));
  });
  request.end();
  return promise.finally(() => clearTimeout(timer));
}
