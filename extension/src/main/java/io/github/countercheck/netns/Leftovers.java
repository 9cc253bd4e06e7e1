// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.netns;

import com.github.dockerjava.api.DockerClient;
import com.github.dockerjava.api.exception.ConflictException;
import com.github.dockerjava.api.exception.NotFoundException;
import com.github.dockerjava.api.model.Container;
import java.util.List;
import org.apiguardian.api.API;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Removes the containers that a killed run left, which Testcontainers' own reaper does where it may run. */
@API(status = API.Status.INTERNAL, since = "0.1")
public final class Leftovers {

    private static final Logger LOG = LoggerFactory.getLogger(Leftovers.class);

    private Leftovers() {}

    /** Removes, with their volumes, the containers of owners that are known to have ended, and no other. */
    public static void remove(DockerClient client) {
        List<Container> ours = client.listContainersCmd()
                .withShowAll(true)
                .withLabelFilter(List.of(Owner.LABEL))
                .exec();
        for (Container container : ours) {
            Owner.parse(container.getLabels().getOrDefault(Owner.LABEL, ""))
                    .filter(Owner::isKnownToHaveEnded)
                    .ifPresent(owner -> remove(client, container.getId(), owner));
        }
    }

    private static void remove(DockerClient client, String id, Owner owner) {
        LOG.info("removing container {}, which process {} left when it was killed", id.substring(0, 12), owner.pid());
        remove(client, id);
    }

    /** Ends and removes a container with its volumes; that somebody else has done so, or is about to, is as good. */
    static void remove(DockerClient client, String id) {
        try {
            client.removeContainerCmd(id)
                    .withForce(true)
                    .withRemoveVolumes(true)
                    .exec();
        } catch (NotFoundException | ConflictException e) {
            LOG.debug("container {} is removed by somebody else", id, e);
        }
    }
}
