// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.benchmarks;

import com.github.dockerjava.api.DockerClient;
import com.github.dockerjava.api.async.ResultCallback;
import com.github.dockerjava.api.model.Frame;
import io.github.countercheck.benchmarks.Contest.Side;
import io.github.countercheck.docker.ClassificationMemory;
import io.github.countercheck.docker.DockerFacts;
import io.github.countercheck.netns.NetfilterCounterSource;
import io.github.countercheck.netns.Toolbox;
import io.github.countercheck.session.Image;
import java.io.IOException;
import java.util.List;
import org.testcontainers.DockerClientFactory;

/** A snapshot as who is not root on the daemon's host takes it, through a container that stays. */
final class ToolboxReads implements Group {

    private static final int RULES = 300;

    @Override
    public String title() {
        return "snapshots through a container";
    }

    @Override
    public void measure(Plan plan) throws Exception {
        RulesetOfSize listing = new RulesetOfSize(RULES);
        DockerFacts facts = listing.factsForAnAssertion();
        ClassificationMemory memory = new ClassificationMemory();
        Toolbox toolbox = Toolbox.inNetworkOfItsOwn(Image.TOOLBOX.reference(), false);
        try (NetfilterCounterSource source = new NetfilterCounterSource(toolbox)) {
            long pid = toolbox.pid();
            Namespace.restore(pid, "iptables-nft-restore", listing.iptablesSave());
            try (BareShell shell = BareShell.in(pid)) {
                Side snapshot = Side.timed(
                        "snapshot of " + RULES + " rules through a tool container, read, parsed and classified,",
                        () -> LocalReads.classify(source.read(), facts, memory));
                Side bare = Side.timed(
                        "the least that tells as much, by a shell in that namespace, one after the other: "
                                + String.join("; ", LocalReads.quoted(LocalReads.BARE)),
                        () -> shell.run(LocalReads.BARE));
                Contest.warmUp(LocalReads.forWarmUp(plan), snapshot, bare);
                List<Sample> took = Contest.inTurn(0, plan.rounds(61, 11), snapshot, bare);
                plan.report(Figure.ofRatio("toolbox-snapshot-" + RULES, Goal.atMost(1.3), took.get(0), took.get(1)));

                // By themselves, for the daemon goes on clearing up after each while the next side has its turn.
                DockerClient client = DockerClientFactory.instance().client();
                List<Sample> execs = Contest.inTurn(
                        2,
                        plan.rounds(21, 5),
                        snapshot,
                        Side.timed(
                                "the same three commands, each by a `docker exec` over the API, with its output read,",
                                () -> exec(client, toolbox.containerId(), LocalReads.BARE)),
                        Side.timed(
                                "`docker exec … " + LocalReads.BARE[0] + "`",
                                () -> exec(client, toolbox.containerId(), LocalReads.BARE[0])));
                plan.report(Figure.ofRatio(
                        "docker-exec-to-toolbox-snapshot-" + RULES, Goal.atLeast(8), execs.get(1), execs.get(0)));
                plan.report(
                        Figure.ofRatio("one-docker-exec-to-toolbox-snapshot-" + RULES, null, execs.get(2), execs.get(0))
                                .withRemark("one command, against all that a snapshot reads"));
            }
        }
    }

    private static void exec(DockerClient client, String container, String... commands)
            throws IOException, InterruptedException {
        long bytes = 0;
        for (String command : commands) {
            bytes += exec(client, container, command);
        }
        if (bytes == 0) {
            throw new IOException("nothing came from " + String.join("; ", commands) + " in the container");
        }
    }

    /** Returns how many bytes it printed. */
    private static long exec(DockerClient client, String container, String command) throws InterruptedException {
        long[] bytes = {0};
        String exec = client.execCreateCmd(container)
                .withCmd(command.split(" ", -1))
                .withAttachStdout(true)
                .exec()
                .getId();
        client.execStartCmd(exec)
                .exec(new ResultCallback.Adapter<Frame>() {
                    @Override
                    public void onNext(Frame frame) {
                        bytes[0] += frame.getPayload().length;
                    }
                })
                .awaitCompletion();
        return bytes[0];
    }
}
