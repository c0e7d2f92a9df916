"""Run by a test inside a network namespace of its own: two worker nodes, ``pwae preprocess`` on them, all stopped.

python ray_cluster.py TEMPORARY_FOLDER ARGUMENTS_OF_PWAE...
"""

import subprocess
import sys

from ray.cluster_utils import Cluster


def main(arguments: list[str]) -> int:
    cluster = Cluster(
        initialize_head=True,
        head_node_args={"num_cpus": 0, "include_dashboard": False, "node_ip_address": "127.0.0.1"},
    )
    try:
        for _ in range(2):
            cluster.add_node(num_cpus=1, node_ip_address="127.0.0.1")
        code = "from pwae_cli.app import main; main()"
        command = [sys.executable, "-c", code, *arguments, "--engine", "ray", "--cluster", cluster.address]
        return subprocess.run(command, check=False).returncode
    finally:
        cluster.shutdown()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
