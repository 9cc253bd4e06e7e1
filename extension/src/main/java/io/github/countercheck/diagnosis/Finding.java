// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.diagnosis;

import org.apiguardian.api.API;

/**
 * A cause, the evidence for it, and what to do.
 *
 * @param cause the cause
 * @param evidence what was seen that speaks for it
 * @param remedy what to try
 */
@API(status = API.Status.INTERNAL, since = "0.1")
public record Finding(Cause cause, String evidence, String remedy) {}
