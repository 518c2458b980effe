/**
 * Errors as plain data, for the folders that know values by their types. The code lies beside the seams, because the
 * hosts of slots report with it too and import nothing but errors.
 *
 * @module
 */

export { fromTransferable, toTransferable, type TransferredError } from "../seams/error_transfer.ts";
