// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.daemon;

import com.github.dockerjava.api.DockerClient;
import com.github.dockerjava.api.command.CreateNetworkCmd;
import java.util.UUID;
import java.util.function.Consumer;
import org.testcontainers.containers.Network;

/** A network of a daemon under test. */
final class InnerNetwork implements Network {

    private final DockerClient client;
    private final String id;

    private InnerNetwork(DockerClient client, String id) {
        this.client = client;
        this.id = id;
    }

    static Network create(DockerClient client, Consumer<CreateNetworkCmd> options) {
        CreateNetworkCmd create = client.createNetworkCmd().withName("countercheck-" + UUID.randomUUID());
        options.accept(create);
        return new InnerNetwork(client, create.exec().getId());
    }

    @Override
    public String getId() {
        return id;
    }

    @Override
    public void close() {
        client.removeNetworkCmd(id).exec();
    }
}
