/**
 * The guest `hello`: kernel, initramfs and disk as three files, since there is no boot loader to install.
 *
 * The system lives in the initramfs; the disk is a small ext2 file system at /data that counts boots, so that a
 * snapshot can show where it came from. Kernel arguments: `console=tty0 console=ttyS0,115200n8 mitigations=off
 * random.trust_cpu=on net.ifnames=0 quiet`.
 */

const inittab = `::sysinit:/etc/start
::respawn:/sbin/dropbear -F -R -s -E
::respawn:/bin/acpid -f -c /etc/acpi -l /dev/null
::ctrlaltdel:/bin/reboot
::shutdown:/etc/stop
`;

const start = `#!/bin/sh
say() { echo "guest: $*" > /dev/console; }
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mkdir -p /dev/pts /run /data
mount -t devpts devpts /dev/pts
mount -t tmpfs tmpfs /run
while read -r module; do insmod "/lib/modules/$module" 2>/dev/null; done < /etc/modules
hostname hello
if mount /dev/vda /data 2>/dev/null; then
  boots=$(($(cat /data/boots 2>/dev/null || echo 0) + 1))
  echo $boots > /data/boots
  sync
  say "boot $boots of this disk"
fi
ip link set lo up
ip link set eth0 up || say "no network interface"
/etc/network > /dev/console 2>&1 &
`;

const network = `#!/bin/sh
# Address, then name, keys and user data from the metadata service, which may come up after the guest.
say() { echo "guest: $*"; }
udhcpc -i eth0 -t 100 -T 1 -A 1 -O mtu -O staticroutes -s /etc/dhcp -p /run/udhcpc.pid >/dev/null 2>&1 || { say "no DHCP answer"; exit 1; }
say "address $(ip -4 -o addr show dev eth0 | awk '{print $4}')"
metadata() { wget -q -T 10 -O - "http://169.254.169.254/2009-04-04/$1" 2>/dev/null; }
tries=0
until name=$(metadata meta-data/hostname); do
  tries=$((tries + 1))
  if [ $tries = 120 ]; then say "no metadata"; exit 1; fi
  sleep 1
done
hostname "\${name%%.*}"
say "name \${name%%.*}"
for index in $(metadata meta-data/public-keys/ | sed 's/=.*//'); do metadata "meta-data/public-keys/$index/openssh-key"; echo; done > /run/keys
for home in /root /home/hello; do cp /run/keys $home/.ssh/authorized_keys; done
chown 1000:1000 /home/hello/.ssh/authorized_keys
say "$(grep -c . /run/keys) ssh keys"
if metadata user-data > /run/user-data && [ -s /run/user-data ]; then
  say "user-data: $(head -n 1 /run/user-data | cut -c 1-200)"
  if [ "$(head -c 2 /run/user-data)" = '#!' ]; then
    chmod 700 /run/user-data
    /run/user-data
    say "user-data ended with $?"
  fi
else
  rm -f /run/user-data
fi
say ready
`;

const dhcp = `#!/bin/sh
case $1 in
  bound | renew)
    ip addr flush dev "$interface"
    ip addr add "$ip/$mask" dev "$interface"
    [ -z "$mtu" ] || ip link set "$interface" mtu "$mtu"
    if [ -n "$staticroutes" ]; then
      set -- $staticroutes
      while [ $# -ge 2 ]; do
        if [ "$2" = 0.0.0.0 ]; then ip route replace "$1" dev "$interface"; else ip route replace "$1" via "$2" onlink dev "$interface"; fi
        shift 2
      done
    else
      for gateway in $router; do ip route replace default via "$gateway"; break; done
    fi
    : > /etc/resolv.conf
    for server in $dns; do echo "nameserver $server" >> /etc/resolv.conf; done
    ;;
  deconfig)
    ip link set "$interface" up
    ;;
esac
`;

const stop = `#!/bin/sh
sync
umount /data 2>/dev/null
echo "guest: stopped" > /dev/console
`;

const folder = "/usr/local/share/guest";
const files = Object.entries({ inittab, start, network, dhcp, stop }).map(([name, content]) => ({
  path: `${folder}/${name}`,
  content,
  mode: name === "inittab" ? "0644" : "0755",
}));

/** Drivers beside what the cloud kernel has built in; their dependencies are added. */
const modules = ["virtio_net", "virtio_blk", "virtio_rng", "button", "evdev", "ext4"];

export const image = {
  name: "guest",
  output: "directory",
  outputPath: "/out",
  packages: ["busybox-static", "cpio", "dropbear-bin", "e2fsprogs", "kmod", "xz-utils", "zstd"],
  files,
  commands: [
    // The kernel's package is unpacked only: installing it would make an initramfs of its own.
    "cd /var/cache/apt/archives",
    "kernel=$(apt-cache depends linux-image-cloud-amd64 | sed -n 's/.*Depends: \\(linux-image-[0-9].*\\)/\\1/p' | head -n 1)",
    'apt-get download -q "$kernel"',
    "rm -rf /opt/kernel && mkdir -p /opt/kernel /out",
    'dpkg-deb -x "$(ls -t "$kernel"_*.deb | head -n 1)" /opt/kernel',
    "cp /opt/kernel/boot/vmlinuz-* /out/vmlinuz",
    "root=/opt/initramfs",
    "mkdir -p $root/bin $root/sbin $root/etc/acpi/PWRF $root/etc/dropbear $root/root/.ssh $root/home/hello/.ssh $root/lib/modules $root/dev $root/proc $root/sys $root/tmp $root/run $root/usr $root/var/run",
    "mknod -m 600 $root/dev/console c 5 1 && mknod -m 666 $root/dev/null c 1 3",
    "cp $(command -v busybox) $root/bin/busybox",
    "for applet in $(busybox --list); do [ $applet = busybox ] || ln -s busybox $root/bin/$applet; done",
    "ln -s ../bin/init $root/sbin/init && ln -s bin/init $root/init && ln -s ../bin $root/usr/bin",
    "cp $(command -v dropbear) $root/sbin/dropbear",
    "for library in $(ldd $root/sbin/dropbear | grep -o '/[^ ]*'); do mkdir -p $root$(dirname $library); cp -L $library $root$library; done",
    // Drivers, in the order in which they must be loaded.
    "version=$(ls /opt/kernel/usr/lib/modules /opt/kernel/lib/modules 2>/dev/null | grep -m1 cloud)",
    "base=/opt/kernel; [ -d $base/lib/modules ] || ln -s usr/lib $base/lib",
    "depmod -b $base $version",
    `for module in ${modules.join(" ")}; do modprobe -d $base -S $version --show-depends $module | sed -n 's/^insmod //p'; done | awk '!seen[$1]++' > /opt/modules`,
    'while read -r path; do name=$(basename "${path%.xz}"); case $path in *.xz) xz -dc "$path" > $root/lib/modules/$name ;; *) cp "$path" $root/lib/modules/$name ;; esac; echo $name; done < /opt/modules > $root/etc/modules',
    `cp ${folder}/* $root/etc/`,
    "printf '#!/bin/sh\\npoweroff\\n' > $root/etc/acpi/PWRF/00000080 && chmod 755 $root/etc/acpi/PWRF/00000080",
    "printf 'root:*:0:0:root:/root:/bin/sh\\nhello:*:1000:1000:hello:/home/hello:/bin/sh\\n' > $root/etc/passwd",
    "printf 'root:x:0:\\nhello:x:1000:\\n' > $root/etc/group && echo /bin/sh > $root/etc/shells && echo 'hosts: files dns' > $root/etc/nsswitch.conf",
    "chmod 700 $root/root $root/root/.ssh $root/home/hello/.ssh && chown -R 1000:1000 $root/home/hello",
    "find $root -exec touch -h -d @1767225600 {} +",
    "(cd $root && find . -print0 | sort -z | cpio --null --quiet --reproducible -o -H newc) | zstd -q -19 -T0 > /out/initrd.img",
    "truncate -s 1M /out/disk.raw",
    "mke2fs -q -t ext2 -b 1024 -m 0 -L hello /out/disk.raw",
    "ls -l /out",
  ],
};
