import { backendConformance } from "./backend_conformance_test.ts";
import { HeapKeyedStateBackend } from "./heap_backend.ts";
import { ttlConformance } from "./ttl_conformance_test.ts";

backendConformance("heap", (options) => new HeapKeyedStateBackend(options), Deno.test);
ttlConformance("heap", (options) => new HeapKeyedStateBackend(options), Deno.test);
