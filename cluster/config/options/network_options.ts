/**
 * Options of what goes between processes: heartbeats, calls, REST, clients, security.
 *
 * @module
 */

import { type ConfigOption, option, optional } from "../../../runtime/api/config_option.ts";
import { MIB, MINUTE, SECOND } from "./units.ts";

/** Heartbeats, calls and registration between roles. */
export const RpcOptions: {
  readonly HEARTBEAT_INTERVAL: ConfigOption<number>;
  readonly HEARTBEAT_TIMEOUT: ConfigOption<number>;
  readonly ASK_TIMEOUT: ConfigOption<number>;
  readonly CONNECT_TIMEOUT: ConfigOption<number>;
  readonly FRAME_SIZE: ConfigOption<number>;
  readonly REGISTRATION_INITIAL_TIMEOUT: ConfigOption<number>;
  readonly REGISTRATION_MAX_TIMEOUT: ConfigOption<number>;
  readonly REGISTRATION_REFUSED_DELAY: ConfigOption<number>;
  readonly SHUTDOWN_TIMEOUT: ConfigOption<number>;
} = {
  HEARTBEAT_INTERVAL: option("heartbeat.interval", "duration", {
    defaultValue: 10 * SECOND,
    min: 1,
    description: "Time between heartbeats.",
  }),
  HEARTBEAT_TIMEOUT: option("heartbeat.timeout", "duration", {
    defaultValue: 50 * SECOND,
    min: 1,
    description: "A peer that is silent for that long is taken for dead.",
  }),
  ASK_TIMEOUT: option("pekko.ask.timeout", "duration", {
    defaultValue: 10 * SECOND,
    min: 1,
    description: "How long a call to another process may take.",
  }),
  CONNECT_TIMEOUT: option("pekko.tcp.timeout", "duration", {
    defaultValue: 20 * SECOND,
    min: 1,
    description: "How long a connection with its handshake may take.",
  }),
  FRAME_SIZE: option("pekko.framesize", "memory", {
    defaultValue: 64 * MIB,
    min: 64 * 1024,
    description: "Largest message between processes.",
  }),
  REGISTRATION_INITIAL_TIMEOUT: option("cluster.registration.initial-timeout", "duration", {
    defaultValue: 100,
    min: 1,
    description: "First wait of a registration before it is tried again; it doubles each time.",
  }),
  REGISTRATION_MAX_TIMEOUT: option("cluster.registration.max-timeout", "duration", {
    defaultValue: 30 * SECOND,
    min: 1,
    description: "Longest such wait.",
  }),
  REGISTRATION_REFUSED_DELAY: option("cluster.registration.refused-registration-delay", "duration", {
    defaultValue: 30 * SECOND,
    min: 1,
    description: "Wait after a registration that was refused.",
  }),
  SHUTDOWN_TIMEOUT: option("cluster.services.shutdown-timeout", "duration", {
    defaultValue: 30 * SECOND,
    min: 1,
    description: "How long a process may take to stop after a signal.",
  }),
};

/** REST of the JobManager and its clients. */
export const RestOptions: {
  readonly ADDRESS: ConfigOption<string | undefined>;
  readonly PORT: ConfigOption<number>;
  readonly BIND_ADDRESS: ConfigOption<string>;
  readonly BIND_PORT: ConfigOption<string>;
  readonly SERVER_MAX_CONTENT_LENGTH: ConfigOption<number>;
  readonly CLIENT_MAX_CONTENT_LENGTH: ConfigOption<number>;
  readonly RETRY_ATTEMPTS: ConfigOption<number>;
  readonly RETRY_DELAY: ConfigOption<number>;
  readonly WEB_REFRESH_INTERVAL: ConfigOption<number>;
  readonly WEB_SUBMIT: ConfigOption<boolean>;
  readonly WEB_CANCEL: ConfigOption<boolean>;
  readonly ACCESS_CONTROL_ALLOW_ORIGIN: ConfigOption<string | undefined>;
  readonly CLIENT_TIMEOUT: ConfigOption<number>;
} = {
  ADDRESS: optional("rest.address", "string", "Name or address at which clients reach the JobManager."),
  PORT: option("rest.port", "int", {
    defaultValue: 8081,
    min: 0,
    description: "Port at which clients reach the JobManager.",
  }),
  BIND_ADDRESS: {
    key: "rest.bind-address",
    kind: "string",
    defaultValue: "127.0.0.1",
    description: "Address REST listens on; beyond loopback it needs a token or mutual TLS.",
  },
  BIND_PORT: {
    key: "rest.bind-port",
    kind: "string",
    defaultValue: "",
    description: `Ports REST may listen on: "8081", "8081-8090", "0" for a free one; default: rest.port.`,
  },
  SERVER_MAX_CONTENT_LENGTH: option("rest.server.max-content-length", "memory", {
    defaultValue: 100 * MIB,
    min: 1024,
    description: "Largest request, which bounds the size of a submitted job.",
  }),
  CLIENT_MAX_CONTENT_LENGTH: option("rest.client.max-content-length", "memory", {
    defaultValue: 100 * MIB,
    min: 1024,
    description: "Largest answer a client takes.",
  }),
  RETRY_ATTEMPTS: option("rest.retry.max-attempts", "int", {
    defaultValue: 20,
    min: 0,
    description: "How often a client tries again when the JobManager cannot be reached.",
  }),
  RETRY_DELAY: option("rest.retry.delay", "duration", {
    defaultValue: 3 * SECOND,
    min: 0,
    description: "Wait between those attempts.",
  }),
  WEB_REFRESH_INTERVAL: option("web.refresh-interval", "duration", {
    defaultValue: 3 * SECOND,
    min: 1,
    description: "How often the web interface asks.",
  }),
  WEB_SUBMIT: option("web.submit.enable", "boolean", {
    defaultValue: true,
    description: "Whether jobs can be submitted by REST.",
  }),
  WEB_CANCEL: option("web.cancel.enable", "boolean", {
    defaultValue: true,
    description: "Whether jobs can be cancelled from the web interface.",
  }),
  ACCESS_CONTROL_ALLOW_ORIGIN: optional(
    "web.access-control-allow-origin",
    "string",
    "Origin whose pages may use REST; default: none but its own.",
  ),
  CLIENT_TIMEOUT: option("client.timeout", "duration", {
    defaultValue: MINUTE,
    min: 1,
    description: "How long a client waits for an answer.",
  }),
};

/** Who may connect. Files are PEM; Java keystores mean nothing here. */
export const SecurityOptions: {
  readonly TOKEN_FILE: ConfigOption<string | undefined>;
  readonly INSECURE: ConfigOption<boolean>;
  readonly SSL_INTERNAL: ConfigOption<boolean>;
  readonly SSL_INTERNAL_CERTIFICATE: ConfigOption<string | undefined>;
  readonly SSL_INTERNAL_KEY: ConfigOption<string | undefined>;
  readonly SSL_INTERNAL_CA: ConfigOption<string | undefined>;
  readonly SSL_REST: ConfigOption<boolean>;
  readonly SSL_REST_AUTHENTICATION: ConfigOption<boolean>;
  readonly SSL_REST_CERTIFICATE: ConfigOption<string | undefined>;
  readonly SSL_REST_KEY: ConfigOption<string | undefined>;
  readonly SSL_REST_CA: ConfigOption<string | undefined>;
  readonly REDACTED_KEYS: ConfigOption<readonly string[]>;
} = {
  TOKEN_FILE: optional(
    "security.cluster.token",
    "string",
    "File with the token that all processes of a cluster and its clients share (tsflink only).",
  ),
  INSECURE: option("security.insecure", "boolean", {
    defaultValue: false,
    description: "Allow listening beyond loopback without token and mutual TLS (tsflink only; also --insecure).",
  }),
  SSL_INTERNAL: option("security.ssl.internal.enabled", "boolean", {
    defaultValue: false,
    description: "Mutual TLS between roles.",
  }),
  SSL_INTERNAL_CERTIFICATE: optional("security.ssl.internal.certificate", "string", "PEM file (tsflink only)."),
  SSL_INTERNAL_KEY: optional("security.ssl.internal.key", "string", "PEM file of its private key (tsflink only)."),
  SSL_INTERNAL_CA: optional("security.ssl.internal.ca", "string", "PEM file of who signs peers (tsflink only)."),
  SSL_REST: option("security.ssl.rest.enabled", "boolean", { defaultValue: false, description: "TLS for REST." }),
  SSL_REST_AUTHENTICATION: option("security.ssl.rest.authentication-enabled", "boolean", {
    defaultValue: false,
    description: "Clients of REST need a certificate.",
  }),
  SSL_REST_CERTIFICATE: optional("security.ssl.rest.certificate", "string", "PEM file (tsflink only)."),
  SSL_REST_KEY: optional("security.ssl.rest.key", "string", "PEM file of its private key (tsflink only)."),
  SSL_REST_CA: optional("security.ssl.rest.ca", "string", "PEM file of who signs clients (tsflink only)."),
  REDACTED_KEYS: option("security.redaction.additional-keys", "list", {
    defaultValue: [],
    description: "Parts of keys whose values are masked beside secret, token, password and key.",
  }),
};
