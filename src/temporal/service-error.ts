import { isGrpcServiceError, ServiceError } from '@temporalio/client';

/** gRPC status codes (https://grpc.io/docs/guides/status-codes/) that we tell apart. */
export const grpcStatus = { notFound: 5, alreadyExists: 6, resourceExhausted: 8 } as const;

/**
 * The gRPC status of an error of the Temporal client, which wraps most of them into ServiceError; undefined for
 * everything that is no answer (or missing answer) of the service.
 */
export function findGrpcStatus(error: unknown): number | undefined {
  if (isGrpcServiceError(error)) return error.code;
  if (!(error instanceof ServiceError)) return undefined;
  return isGrpcServiceError(error.cause) ? error.cause.code : unknownStatus;
}

/** gRPC status UNKNOWN: the call broke without an answer. */
const unknownStatus = 2;
