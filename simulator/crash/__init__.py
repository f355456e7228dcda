"""Proof against crashes: processes killed at every durable step, disks that lose power.

`wires` joins a process that is killed with the world outside it, `inside` is that process,
`outside` the far switch, the telephones and the client, `verdict` counts what must be 0, `kills`
runs them; `disks` and `power` are about power failures. The command is `calleq-sim crash`.
"""
