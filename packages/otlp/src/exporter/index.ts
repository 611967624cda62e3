export { OtlpError, type OtlpErrorCode, type OtlpErrorDetails } from "../errors.ts";
