#!/bin/sh
# First program of a node: builds its mount tree, then becomes the supervisor (s6-svscan, PID 1).
# It says "netns" when the machine may add network interfaces, waits for one line, and says "ready" before the supervisor starts.
set -eu
rootfs=$1 node=$2 bin=$3 cni=$4 name=$5 cgroups=$6 seed=$7
echo netns

# The root: our own file system, never written; changes go to the node's folder.
mount --bind "$rootfs" "$node/lower"
cd "$node"
mount -t overlay -o lowerdir=lower,upperdir=upper,workdir=work underpin root
mount --bind "$node/var" root/var
# Images that were unpacked beforehand: containerd finds them as if it had done so itself, and cannot change them.
if [ -n "$seed" ]; then
  containerd=var/lib/containerd
  mkdir -p content.upper content.work
  mount --bind "$seed/io.containerd.content.v1.content" content.lower
  mount -t overlay -o lowerdir=content.lower,upperdir=content.upper,workdir=content.work content "root/$containerd/io.containerd.content.v1.content"
  for snapshot in "$seed/io.containerd.snapshotter.v1.overlayfs/snapshots/"*; do
    target=root/$containerd/io.containerd.snapshotter.v1.overlayfs/snapshots/${snapshot##*/}
    mount --bind "$snapshot" "$target"
    mount -o remount,bind,ro "$target"
  done
fi
mkdir -p root/opt/underpin/bin root/opt/cni/bin root/proc root/sys root/dev root/run root/mnt
mount --bind "$bin" root/opt/underpin/bin
mount -o remount,bind,ro root/opt/underpin/bin
mount --bind "$cni" root/opt/cni/bin
mount -o remount,bind,ro root/opt/cni/bin
if [ -d /lib/modules ]; then
  mkdir -p root/usr/lib/modules
  mount --bind /lib/modules root/usr/lib/modules
  mount -o remount,bind,ro root/usr/lib/modules
fi
mount -t proc proc root/proc
mount -t sysfs sysfs root/sys
mount --bind /dev root/dev
mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts root/dev/pts
mount -t tmpfs -o mode=1777,nosuid,nodev shm root/dev/shm
mount -t tmpfs -o mode=755 run root/run
mount -t tmpfs -o mode=1777,nosuid,nodev tmp root/tmp

# The control groups as the node's own: the cgroup namespace makes its folder the root of each hierarchy.
if [ "$cgroups" = v2 ]; then
  mount -t cgroup2 cgroup2 root/sys/fs/cgroup
  mkdir root/sys/fs/cgroup/init
  echo 1 >root/sys/fs/cgroup/init/cgroup.procs
  for controller in $(cat root/sys/fs/cgroup/cgroup.controllers); do
    echo "+$controller" >root/sys/fs/cgroup/cgroup.subtree_control
  done
else
  mount -t tmpfs -o mode=755 cgroup root/sys/fs/cgroup
  for hierarchy in $(echo "$cgroups" | tr '/' ' '); do
    case $hierarchy in
      unified) folder=unified type=cgroup2 options=defaults ;;
      name=*) folder=${hierarchy#name=} type=cgroup options=none,$hierarchy ;;
      *) folder=$hierarchy type=cgroup options=$hierarchy ;;
    esac
    mkdir "root/sys/fs/cgroup/$folder"
    mount -t "$type" -o "$options" cgroup "root/sys/fs/cgroup/$folder"
    case $folder in
      *,*) for one in $(echo "$folder" | tr ',' ' '); do ln -s "$folder" "root/sys/fs/cgroup/$one"; done ;;
    esac
  done
fi

# The kubelet wants these values; they belong to the whole machine, so the node sees files of its own instead.
mkdir root/run/sysctl
shadow() {
  if [ -e "root/proc/sys/$1" ]; then
    file=root/run/sysctl/$(echo "$1" | tr '/' '-')
    echo "$2" >"$file"
    mount --bind "$file" "root/proc/sys/$1"
  fi
}
shadow vm/overcommit_memory 1
shadow vm/panic_on_oom 0
shadow kernel/panic 10
shadow kernel/panic_on_oops 1
shadow kernel/keys/root_maxkeys 1000000
shadow kernel/keys/root_maxbytes 25000000
echo "$name" >/proc/sys/kernel/hostname

cd root
pivot_root . mnt
cd /
umount -l /mnt
mount --make-rshared /
export PATH=/opt/underpin/shim:/opt/underpin/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8
mkdir -p /run/lock /var/log/underpin

read -r go
[ "$go" = go ]
ip -batch /etc/underpin/network
echo 1 >/proc/sys/net/ipv4/ip_forward
echo 0 >/proc/sys/net/ipv4/conf/all/rp_filter
echo 0 >/proc/sys/net/ipv4/conf/default/rp_filter
cp -a /etc/underpin/service /run/service
# A node that is not part of a cluster yet waits for kubeadm to start its kubelet.
[ -e /etc/kubernetes/kubelet.conf ] || touch /run/service/kubelet/down
ulimit -n "$(ulimit -H -n)"
echo ready
exec </dev/null >>/var/log/underpin/supervisor.log 2>&1
exec s6-svscan /run/service
