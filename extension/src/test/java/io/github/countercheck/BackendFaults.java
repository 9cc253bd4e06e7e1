// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.countercheck.Firewall.Fault;
import java.util.List;
import java.util.function.UnaryOperator;

/**
 * The same faults in the rules of an engine, whatever holds them: one of the two iptables, or nftables (with rules of
 * Engine 29's shape). Beside them, faults that do not depend on that.
 */
final class BackendFaults {

    /** What holds the engine's rules. */
    enum Backend {
        IPTABLES_NFT,
        IPTABLES_LEGACY,
        NFTABLES
    }

    private static final String TABLE = "table ip " + NativeTables.NAME;

    private final Firewall firewall;
    private final Backend backend;

    BackendFaults(Firewall firewall, Backend backend) {
        this.firewall = firewall;
        this.backend = backend;
    }

    Backend backend() {
        return backend;
    }

    boolean isNative() {
        return backend == Backend.NFTABLES;
    }

    /** Tells whether the daemon has a rule that ends so. */
    boolean hasRule(String ending) {
        return firewall.run(save()).lines().anyMatch(line -> line.endsWith(ending));
    }

    private String save() {
        return backend == Backend.IPTABLES_LEGACY ? "iptables-legacy-save" : "iptables-nft-save";
    }

    private String restore() {
        return backend == Backend.IPTABLES_LEGACY ? "iptables-legacy-restore" : "iptables-nft-restore";
    }

    /** Runs a command, and another to undo it. */
    Fault command(String run, String undo) {
        firewall.run("/bin/sh", "-c", run);
        return () -> firewall.run("/bin/sh", "-c", undo);
    }

    /** Sets a sysctl of the daemon's namespace. */
    Fault sysctl(String file, String value) {
        String path = "/proc/sys/net/" + file;
        String before = firewall.run("cat", path).strip();
        return command("echo " + value + " >" + path, "echo " + before + " >" + path);
    }

    /** Adds a table that is nobody's; gone again when undone. */
    Fault stranger(String family, String name, String chains) {
        firewall.nft("table " + family + " " + name + " {\n" + chains + "\n}\n");
        return () -> firewall.nft("delete table " + family + " " + name + "\n");
    }

    /** Flushes what the engine wrote into the nat table, or all of it in nftables. */
    Fault flushed() {
        if (isNative()) {
            String before = listing();
            firewall.nft("delete " + TABLE + "\n");
            return () -> firewall.nft(before);
        }
        String before = firewall.run(save(), "-t", "nat", "-c");
        firewall.run(restore().replace("-restore", ""), "-w", "-t", "nat", "-F");
        return () -> firewall.run("/bin/sh", "-c", restore() + " -c <<'EOF'\n" + before + "EOF\n");
    }

    private String listing() {
        return firewall.run("nft", "-s", "list", "table", "ip", NativeTables.NAME);
    }

    /** Writes the engine's table anew with a change; undone by writing it as it was. */
    Fault edited(UnaryOperator<String> edit) {
        String before = listing();
        String anew = TABLE + "\ndelete " + TABLE + "\n";
        firewall.nft(anew + edit.apply(before));
        return () -> firewall.nft(anew + before);
    }

    /** Puts a rule before the one of the engine's table that holds these words. */
    Fault before(String words, String rule) {
        return edited(text -> text.replace(only(text, words), rule + "\n" + only(text, words)));
    }

    /** Takes the rule of the engine's table that holds these words away. */
    Fault without(String words) {
        return edited(text -> text.replace(only(text, words) + "\n", ""));
    }

    /** Changes the rule of the engine's table that holds these words. */
    Fault changed(String words, String from, String to) {
        return edited(text -> text.replace(only(text, words), only(text, words).replace(from, to)));
    }

    private static String only(String text, String words) {
        List<String> found = text.lines().filter(line -> line.contains(words)).toList();
        assertThat(found).as("rules with '%s' in %s", words, text).hasSize(1);
        return found.get(0);
    }
}
