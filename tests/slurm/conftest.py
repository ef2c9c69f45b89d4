"""A SLURM of its own on loopback: two nodes of this machine, one of them with a fake GPU."""

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

ETC = Path("/etc/slurm")  # a job step loses the variable that would name another place
MARK = "# written by Labproof's tests; may be overwritten"

SLURM_CONF = """{mark}
ClusterName=toy
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
StateSaveLocation={root}/state
SlurmdSpoolDir={root}/spool/%n
SlurmctldPidFile={root}/run/slurmctld.pid
SlurmdPidFile={root}/run/slurmd.%n.pid
SlurmctldLogFile={root}/log/slurmctld.log
SlurmdLogFile={root}/log/slurmd.%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
ReturnToService=2
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
KillWait=30
MinJobAge=3600
JobAcctGatherType=jobacct_gather/linux
AccountingStorageType=accounting_storage/none
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
JobRequeue=1
GresTypes=gpu
{nodes}
PartitionName=cpu Nodes=cpu1 Default=YES MaxTime=UNLIMITED PriorityTier=1 PreemptMode=REQUEUE
PartitionName=gpu Nodes=gpu1 MaxTime=UNLIMITED
PartitionName=urgent Nodes=cpu1 MaxTime=UNLIMITED PriorityTier=10 PreemptMode=OFF
"""
NODE = (
    "NodeName={name} NodeHostname={host} NodeAddr=127.0.0.1 Port={port} CPUs=2 SocketsPerBoard=1 "
    "CoresPerSocket=2 RealMemory=12000{more}"
)
GRES = "NodeName=gpu1 Name=gpu Type=toy Count=1 File=/dev/null\n"


def _lacking() -> str | None:
    """Why no SLURM can be started here."""
    for program in ("sbatch", "squeue", "slurmctld", "slurmd", "munged"):
        if not shutil.which(program):
            return f"{program} is not installed (Debian: slurm-wlm, munge)"
    if os.geteuid() != 0:
        return "only root can start SLURM's daemons"
    conf = ETC / "slurm.conf"
    if conf.exists() and MARK not in conf.read_text():
        return f"{conf} is of another SLURM"
    return None


def _started(command, pid_file: Path) -> None:
    subprocess.run(command, check=True, timeout=30)
    for _ in range(100):
        if pid_file.exists() and pid_file.read_text().strip():
            return
        time.sleep(0.1)
    raise AssertionError(f"{command[0]} does not start; see {pid_file.parents[1] / 'log'}")


@pytest.fixture(scope="session")
def cluster(tmp_path_factory):
    """Running daemons; gives the folder with their logs. They end with the session."""
    if lacking := _lacking():
        pytest.skip(lacking)
    root = tmp_path_factory.mktemp("slurm")
    for name in ("state", "run", "log", "spool/gpu1", "spool/cpu1"):
        (root / name).mkdir(parents=True)
    host = os.uname().nodename
    nodes = [
        NODE.format(name="gpu1", host=host, port=17001, more=" Gres=gpu:toy:1"),
        NODE.format(name="cpu1", host=host, port=17002, more=""),
    ]
    text = SLURM_CONF.format(mark=MARK, host=host, root=root, nodes="\n".join(nodes))
    ETC.mkdir(exist_ok=True)
    (ETC / "slurm.conf").write_text(text)
    (ETC / "gres.conf").write_text(GRES)
    munge = Path("/run/munge/munged.pid")  # stays behind a daemon that was killed
    pids = [root / f"run/{name}.pid" for name in ("slurmctld", "slurmd.gpu1", "slurmd.cpu1")]
    try:
        if subprocess.run(["munge", "-n"], capture_output=True).returncode:
            group = ["install", "-d", "-o", "munge", "-g", "munge", "/run/munge"]
            subprocess.run(group, check=True)
            munge.unlink(missing_ok=True)
            pids.append(munge)
            _started(["runuser", "-u", "munge", "--", "munged"], munge)
        _started(["slurmctld"], pids[0])
        _started(["slurmd", "-N", "gpu1"], pids[1])
        _started(["slurmd", "-N", "cpu1"], pids[2])
        for _ in range(100):
            states = subprocess.run(["sinfo", "-h", "-o", "%T"], capture_output=True, text=True)
            if set(states.stdout.split()) == {"idle"}:
                break
            time.sleep(0.2)
        else:
            raise AssertionError(f"the nodes do not become idle: {states.stdout} {states.stderr}")
        yield root
    finally:
        subprocess.run(["scancel", "--full", "--user", "root"], capture_output=True, timeout=30)
        for _ in range(60):  # a node's daemon ends only behind its jobs
            if not subprocess.run(["squeue", "-h"], capture_output=True).stdout:
                break
            time.sleep(1)
        for file in pids:
            if file.exists():
                os.kill(int(file.read_text()), signal.SIGTERM)
        (ETC / "slurm.conf").unlink()
        (ETC / "gres.conf").unlink()
