// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.daemon;

import java.util.Comparator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apiguardian.api.API;

/**
 * A version of Docker Engine, without what a distribution adds to it.
 *
 * @param major {@code 28} of 28.5.2
 * @param minor {@code 5} of 28.5.2
 * @param patch {@code 2} of 28.5.2; 0 where it is not told
 */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public record EngineVersion(int major, int minor, int patch) implements Comparable<EngineVersion> {

    private static final Pattern VERSION = Pattern.compile("v?(\\d{1,4})\\.(\\d{1,4})(?:\\.(\\d{1,4}))?(?![\\d.]).*");
    private static final Comparator<EngineVersion> ORDER = Comparator.comparingInt(EngineVersion::major)
            .thenComparingInt(EngineVersion::minor)
            .thenComparingInt(EngineVersion::patch);

    /**
     * Reads a version as {@code docker version} prints it: {@code 28.5.2}, {@code 20.10.24+dfsg1}, {@code 26.1}.
     *
     * @throws IllegalArgumentException if it is none
     */
    public static EngineVersion parse(String text) {
        Matcher version = VERSION.matcher(text);
        if (!version.matches()) {
            throw new IllegalArgumentException("not a version of Docker Engine: '" + text + "'");
        }
        String patch = version.group(3);
        return new EngineVersion(
                Integer.parseInt(version.group(1)),
                Integer.parseInt(version.group(2)),
                patch == null ? 0 : Integer.parseInt(patch));
    }

    /** Tells whether it is that version or a newer one. */
    public boolean isAtLeast(int otherMajor, int otherMinor) {
        return compareTo(new EngineVersion(otherMajor, otherMinor, 0)) >= 0;
    }

    @Override
    public int compareTo(EngineVersion other) {
        return ORDER.compare(this, other);
    }

    @Override
    public String toString() {
        return major + "." + minor + "." + patch;
    }
}
