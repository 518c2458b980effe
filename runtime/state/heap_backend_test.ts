import { backendConformance } from "./backend_conformance.ts";
import { HeapKeyedStateBackend } from "./heap_backend.ts";
import { ttlConformance } from "./ttl_conformance.ts";

backendConformance("heap", (options) => new HeapKeyedStateBackend(options), Deno.test);
ttlConformance("heap", (options) => new HeapKeyedStateBackend(options), Deno.test);
