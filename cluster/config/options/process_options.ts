/**
 * Options of a process: its work directory, logs, pid files and small port.
 *
 * @module
 */

import { choice, type ConfigOption, option, optional } from "../../../runtime/api/config_option.ts";
import { GIB, HOUR, MIB } from "./units.ts";

/** Work directory, disk and logs. */
export const ProcessOptions: {
  readonly WORKING_DIR: ConfigOption<string | undefined>;
  readonly JOB_MANAGER_WORKING_DIR: ConfigOption<string | undefined>;
  readonly TASK_MANAGER_WORKING_DIR: ConfigOption<string | undefined>;
  readonly TMP_DIRS: ConfigOption<string | undefined>;
  readonly DISK_RESERVE: ConfigOption<number>;
  readonly BLOB_SIZE: ConfigOption<number>;
  readonly BLOB_MAX_SIZE: ConfigOption<number>;
  readonly BLOB_CLEANUP_INTERVAL_SECONDS: ConfigOption<number>;
  readonly LOG_DIR: ConfigOption<string | undefined>;
  readonly LOG_LEVEL: ConfigOption<"DEBUG" | "INFO" | "WARN" | "ERROR">;
  readonly LOG_MAX: ConfigOption<number>;
  readonly PID_DIR: ConfigOption<string>;
  readonly HEALTH_PORT: ConfigOption<string>;
  readonly HEALTH_BIND_HOST: ConfigOption<string>;
} = {
  WORKING_DIR: optional("process.working-dir", "string", "Folder of work directories; default: below io.tmp.dirs."),
  JOB_MANAGER_WORKING_DIR: optional("process.jobmanager.working-dir", "string", "The same, of the JobManager alone."),
  TASK_MANAGER_WORKING_DIR: optional("process.taskmanager.working-dir", "string", "The same, of TaskManagers alone."),
  TMP_DIRS: optional("io.tmp.dirs", "string", "Folder for temporary files; default: the system's."),
  DISK_RESERVE: option("io.disk.reserve", "memory", {
    defaultValue: 512 * MIB,
    min: 0,
    description: "New jobs are declined while the disk of the work directory has less free (tsflink only).",
  }),
  BLOB_SIZE: option("blob.storage.max-size", "memory", {
    defaultValue: 4 * GIB,
    min: MIB,
    description: "Most bytes of bundles and files kept in a work directory (tsflink only).",
  }),
  BLOB_MAX_SIZE: option("blob.max-size", "memory", {
    defaultValue: GIB,
    min: MIB,
    description: "Largest single bundle or file (tsflink only).",
  }),
  BLOB_CLEANUP_INTERVAL_SECONDS: option("blob.service.cleanup.interval", "int", {
    defaultValue: HOUR / 1000,
    min: 1,
    description: "How often, in seconds, bundles and files that nobody uses are removed.",
  }),
  LOG_DIR: optional("env.log.dir", "string", "Folder of logs of `tsflink cluster start`; default: its work directory."),
  LOG_LEVEL: choice("env.log.level", ["DEBUG", "INFO", "WARN", "ERROR"], {
    defaultValue: "INFO",
    description: "Lowest level that is logged.",
  }),
  LOG_MAX: option("env.log.max", "int", {
    defaultValue: 10,
    min: 1,
    description: "How many older log files are kept.",
  }),
  PID_DIR: {
    key: "env.pid.dir",
    kind: "string",
    defaultValue: "/tmp",
    description: "Folder of the pid files of `tsflink cluster start`.",
  },
  HEALTH_PORT: {
    key: "health.port",
    kind: "string",
    defaultValue: "9249-9299",
    description: "Port or range of /livez, /readyz and /metrics of every role; 0 takes a free one (tsflink only).",
  },
  HEALTH_BIND_HOST: {
    key: "health.bind-host",
    kind: "string",
    defaultValue: "127.0.0.1",
    description: "Address of that port (tsflink only).",
  },
};
