import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";

import { images, setImageProperties, uploadImage, type Image } from "../openstack/image.ts";
import type { Session } from "../openstack/session.ts";
import { GuestError, part, type GuestReport } from "./report.ts";

/** `parts`: a folder with `vmlinuz`, `initrd.img` and `disk.raw`, started without a boot loader. `disk`: one file that boots by itself. */
export type GuestImageSource =
  | { readonly kind: "parts"; readonly folder: string }
  | { readonly kind: "disk"; readonly file: string; readonly format: "qcow2" | "raw" };

export interface GuestImage {
  readonly imageId: string;
  readonly changed: readonly string[];
}

/** Marks what we made: a user's image of the same name is left alone. */
const MARK = "underpin_guest";

/** The kernel writes to the serial console, which `console log show` reads; no entropy to wait for, `eth0` as the name. */
export const COMMAND_LINE = "console=ttyS0,115200n8 mitigations=off random.trust_cpu=on net.ifnames=0 quiet";

const HARDWARE = { hw_machine_type: "q35", hw_vif_model: "virtio", hw_disk_bus: "virtio" };

/** The public image `name`, and with `parts` its kernel and ramdisk. Throws OpenStackError or GuestError. */
export async function ensureGuestImage(
  session: Session,
  wanted: { name: string; source: GuestImageSource },
  report: GuestReport,
): Promise<GuestImage> {
  return part(report, "guest/image", async () => {
    const { name, source } = wanted;
    const changed: string[] = [];
    const ensure = (file: ImageFile): Promise<string> => ensureImage(session, file, changed);
    if (source.kind === "disk") {
      const properties = { ...HARDWARE, os_distro: "underpin" };
      return {
        imageId: await ensure({ name, file: source.file, disk: source.format, container: "bare", properties }),
        changed,
      };
    }
    const at = (file: string): string => join(source.folder, file);
    const [kernel, ramdisk] = await Promise.all([
      ensure({ name: `${name}-kernel`, file: at("vmlinuz"), disk: "aki", container: "aki", properties: {} }),
      ensure({ name: `${name}-ramdisk`, file: at("initrd.img"), disk: "ari", container: "ari", properties: {} }),
    ]);
    const properties = { ...HARDWARE, kernel_id: kernel, ramdisk_id: ramdisk, os_command_line: COMMAND_LINE };
    return {
      imageId: await ensure({ name, file: at("disk.raw"), disk: "raw", container: "bare", properties }),
      changed,
    };
  });
}

interface ImageFile {
  readonly name: string;
  readonly file: string;
  readonly disk: string;
  readonly container: string;
  readonly properties: Readonly<Record<string, string>>;
}

/** Returns the id of the one image with the file's bytes; removes half-made ones and those with other bytes. */
async function ensureImage(session: Session, wanted: ImageFile, changed: string[]): Promise<string> {
  const { name } = wanted;
  const [sha512, known] = await Promise.all([hashOf(wanted.file), images.list(session, { name })]);
  const ours = known.filter((image) => image[MARK] === "true");
  const keep = ours.find((image) => image.status === "active" && image.os_hash_value === sha512);
  const id =
    keep?.id ??
    (await upload(
      session,
      wanted,
      ours.find((image) => image.status === "queued"),
    ));
  if (keep === undefined) changed.push(`uploaded image ${name}`);
  else if (await mendProperties(session, keep, wanted)) changed.push(`changed the properties of image ${name}`);
  for (const image of ours.filter((one) => one.id !== id)) {
    await images.delete(session, image.id);
    changed.push(`removed an unfinished or older image ${name}`);
  }
  return id;
}

async function upload(session: Session, wanted: ImageFile, queued: Image | undefined): Promise<string> {
  const { name, file, disk, container, properties } = wanted;
  const fields = {
    name,
    disk_format: disk,
    container_format: container,
    visibility: "public",
    [MARK]: "true",
    ...properties,
  };
  if (queued !== undefined) await mendProperties(session, queued, wanted);
  const image = queued ?? (await images.create(session, fields));
  await uploadImage(session, image.id, { file });
  const now = await images.show(session, image.id);
  if (now?.status === "active") return image.id;
  const message = `image ${name} is "${now?.status ?? "gone"}" after its upload`;
  throw new GuestError(message, "Read glance's log, then run it again: the upload starts anew.");
}

async function mendProperties(session: Session, image: Image, wanted: ImageFile): Promise<boolean> {
  const wrong = Object.entries(wanted.properties).filter(([name, value]) => image[name] !== value);
  if (wrong.length > 0) await setImageProperties(session, image, Object.fromEntries(wrong));
  return wrong.length > 0;
}

async function hashOf(file: string): Promise<string> {
  const hash = createHash("sha512");
  try {
    await pipeline(createReadStream(file), hash);
  } catch (cause) {
    throw new GuestError(`cannot read the guest's image ${file}`, "Run `underpin cache clean`, then `underpin up`.", {
      cause,
    });
  }
  return hash.digest("hex");
}
