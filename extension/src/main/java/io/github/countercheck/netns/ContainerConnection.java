// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.netns;

import com.github.dockerjava.api.DockerClient;
import com.github.dockerjava.api.async.ResultCallback;
import com.github.dockerjava.api.model.Frame;
import com.github.dockerjava.api.model.StreamType;
import io.github.countercheck.CountercheckException;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A command inside a running container, over one connection to the daemon that stays open. */
final class ContainerConnection implements RunningCommand {

    private static final Duration LIMIT = Duration.ofSeconds(10);

    private final Chunks toCommand = new Chunks();
    private final Chunks fromCommand = new Chunks();
    private final Output callback = new Output();

    private ContainerConnection() {}

    /** Starts another command in that container, as {@code docker exec} does. */
    static ContainerConnection exec(DockerClient client, String containerId, Command command) {
        String exec = client.execCreateCmd(containerId)
                .withCmd(command.words().toArray(String[]::new))
                .withEnv(command.environment().entrySet().stream()
                        .map(variable -> variable.getKey() + "=" + variable.getValue())
                        .toList())
                .withAttachStdin(true)
                .withAttachStdout(true)
                .exec()
                .getId();
        ContainerConnection connection = new ContainerConnection();
        client.execStartCmd(exec).withStdIn(connection.toCommand).exec(connection.callback);
        return connection;
    }

    /**
     * Talks with what the container begins with, as {@code docker attach} does; it may have to be started yet. The daemon has then
     * taken the connection, for else it would do so after the start only, or has refused it, and {@link #hasEnded} tells. What
     * comes from its standard error is the end.
     */
    static ContainerConnection attach(DockerClient client, String containerId) {
        ContainerConnection connection = new ContainerConnection();
        client.attachContainerCmd(containerId)
                .withStdIn(connection.toCommand)
                .withStdOut(true)
                .withStdErr(true)
                .withFollowStream(true)
                .exec(connection.callback);
        connection.awaitAnswer();
        return connection;
    }

    private void awaitAnswer() {
        try {
            if (!callback.answered.await(LIMIT.toMillis(), TimeUnit.MILLISECONDS)) {
                throw new CountercheckException(
                        "the daemon did not let a container be attached to within " + LIMIT.toSeconds() + " s",
                        "see in the daemon's log what holds it up");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CountercheckException("interrupted while a container was attached to", "run it again", e);
        }
    }

    private final class Output extends ResultCallback.Adapter<Frame> {

        private final CountDownLatch answered = new CountDownLatch(1);

        @Override
        public void onStart(Closeable stream) {
            super.onStart(stream);
            answered.countDown();
        }

        @Override
        public void onNext(Frame frame) {
            if (frame.getStreamType() == StreamType.STDERR) {
                fromCommand.end();
            } else {
                // The client reads the next frame into the same array.
                fromCommand.add(frame.getPayload().clone());
            }
        }

        @Override
        public void onError(Throwable throwable) {
            fromCommand.end();
            answered.countDown();
            super.onError(throwable);
        }

        @Override
        public void onComplete() {
            fromCommand.end();
            answered.countDown();
            super.onComplete();
        }
    }

    @Override
    public OutputStream input() {
        return new OutputStream() {
            @Override
            public void write(int b) throws IOException {
                write(new byte[] {(byte) b}, 0, 1);
            }

            @Override
            public void write(byte[] bytes, int offset, int length) throws IOException {
                if (hasEnded()) {
                    // The client's own thread would print what it thinks of a closed connection.
                    throw new IOException("the command has ended");
                }
                toCommand.add(Arrays.copyOfRange(bytes, offset, offset + length));
            }

            @Override
            public void close() {
                toCommand.end();
            }
        };
    }

    /** Tells whether the command has ended, or has been given up. */
    boolean hasEnded() {
        return fromCommand.hasEnded;
    }

    @Override
    public InputStream output() {
        return fromCommand;
    }

    @Override
    public void close() {
        toCommand.end();
        fromCommand.end();
        try {
            callback.close();
        } catch (IOException e) {
            // The connection is given up either way; the container ends its shell when standard input ends.
            return;
        }
    }

    /**
     * A stream fed by another thread. The JDK's piped streams are not used because they fail as soon as the thread that
     * wrote last has ended, and test threads do end.
     */
    private static final class Chunks extends InputStream {

        /** No chunk that is added is empty. */
        private static final byte[] END = {};

        private final BlockingQueue<byte[]> queue = new LinkedBlockingQueue<>();
        private volatile boolean hasEnded;
        private byte @Nullable [] current;
        private int position;

        void add(byte[] bytes) {
            if (bytes.length > 0) {
                queue.add(bytes);
            }
        }

        void end() {
            hasEnded = true;
            queue.add(END);
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] target, int offset, int length) throws IOException {
            byte[] chunk = current;
            if (chunk == null || position == chunk.length) {
                chunk = next();
                if (chunk.length == 0) {
                    // Whoever reads again finds the end again.
                    queue.add(END);
                    return -1;
                }
                current = chunk;
                position = 0;
            }
            int count = Math.min(length, chunk.length - position);
            System.arraycopy(chunk, position, target, offset, count);
            position += count;
            return count;
        }

        private byte[] next() throws IOException {
            try {
                return queue.take();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IOException("interrupted while waiting for output", e);
            }
        }
    }
}
