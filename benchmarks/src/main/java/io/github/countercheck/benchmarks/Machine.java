// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What it was measured on. */
final class Machine {

    private static final Pattern VERSION = Pattern.compile("v(\\d[\\w.]*)");

    private Machine() {}

    /** Returns what tells one machine from another, in the order in which it is shown, and how busy this one is. */
    static Map<String, String> describe(String engine) throws IOException, InterruptedException {
        Map<String, String> machine = new LinkedHashMap<>();
        machine.put("cpu", field("/proc/cpuinfo", "model name"));
        machine.put("cores", Integer.toString(Runtime.getRuntime().availableProcessors()));
        machine.put("memory", gigabytes(field("/proc/meminfo", "MemTotal")));
        machine.put("load", Files.readString(Path.of("/proc/loadavg")).split(" ", 2)[0]);
        machine.put("kernel", System.getProperty("os.version"));
        machine.put("jdk", Runtime.version().toString());
        machine.put("engine", engine);
        machine.put("iptables", version("iptables-nft-save", "--version"));
        machine.put("nft", version("nft", "--version"));
        return machine;
    }

    private static String field(String file, String name) throws IOException {
        return Files.readAllLines(Path.of(file)).stream()
                .filter(line -> line.toLowerCase(Locale.ROOT).startsWith(name.toLowerCase(Locale.ROOT)))
                .map(line -> line.substring(line.indexOf(':') + 1).strip())
                .findFirst()
                .orElse("unknown");
    }

    private static String gigabytes(String kilobytes) {
        return Math.round(Double.parseDouble(kilobytes.replaceAll("\\D", "")) / (1 << 20)) + " GB";
    }

    private static String version(String... command) throws IOException, InterruptedException {
        Matcher version = VERSION.matcher(Programs.output(command));
        return version.find() ? version.group(1) : "unknown";
    }
}
