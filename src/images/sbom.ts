import { createHash } from "node:crypto";

interface Component {
  readonly type: "library";
  readonly name: string;
  readonly version: string;
  readonly purl: string;
  readonly "bom-ref": string;
  readonly licenses?: readonly { license: { name: string } }[];
}

/** What a tree holds, as its package managers recorded it. */
export interface Inventory {
  /** dpkg's status file. */
  readonly dpkg: string;
  /** Name, Version and License lines of each Python distribution, separated by empty lines. */
  readonly python: string;
  /** npm packages by name. */
  readonly npm: Readonly<Record<string, string>>;
}

/** The bill of materials of an image: CycloneDX 1.6. Pure: the serial number follows from the content. */
export function sbom(image: { name: string; reference: string }, inventory: Inventory): unknown {
  const components = [...debian(inventory.dpkg), ...python(inventory.python), ...npm(inventory.npm)].toSorted((a, b) =>
    a.purl < b.purl ? -1 : 1,
  );
  const unique = components.filter((component, index) => component.purl !== components[index - 1]?.purl);
  return {
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    serialNumber: `urn:uuid:${uuid(image.reference + unique.map(({ purl }) => purl).join())}`,
    version: 1,
    metadata: {
      component: {
        type: "container",
        "bom-ref": image.reference,
        name: image.name,
        version: image.reference.slice(image.reference.lastIndexOf(":") + 1),
      },
    },
    components: unique,
  };
}

function uuid(text: string): string {
  const hex = createHash("sha256").update(text).digest("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** Paragraphs of `Field: value` lines. */
function paragraphs(text: string): Map<string, string>[] {
  return text.split(/\n\s*\n/).map((paragraph) => {
    const fields = new Map<string, string>();
    for (const line of paragraph.split("\n")) {
      const match = /^([A-Za-z-]+): (.*)$/.exec(line);
      if (match?.[1] !== undefined && match[2] !== undefined && !fields.has(match[1])) fields.set(match[1], match[2]);
    }
    return fields;
  });
}

function component(purl: string, name: string, version: string): Component {
  return { type: "library", name, version, purl, "bom-ref": purl };
}

function debian(status: string): Component[] {
  return paragraphs(status).flatMap((fields) => {
    const [name, version, architecture] = [fields.get("Package"), fields.get("Version"), fields.get("Architecture")];
    if (name === undefined || version === undefined || !fields.get("Status")?.endsWith(" installed")) return [];
    const qualifiers = `?arch=${architecture ?? "all"}&distro=debian-13`;
    return [
      component(
        `pkg:deb/debian/${encodeURIComponent(name)}@${encodeURIComponent(version)}${qualifiers}`,
        name,
        version,
      ),
    ];
  });
}

function python(metadata: string): Component[] {
  return paragraphs(metadata).flatMap((fields) => {
    const [name, version] = [fields.get("Name"), fields.get("Version")];
    if (name === undefined || version === undefined) return [];
    const normal = name.toLowerCase().replace(/[-_.]+/g, "-");
    const license = fields.get("License-Expression") ?? fields.get("License");
    const found = component(`pkg:pypi/${normal}@${version}`, normal, version);
    return [license === undefined ? found : { ...found, licenses: [{ license: { name: license } }] }];
  });
}

function npm(packages: Readonly<Record<string, string>>): Component[] {
  return Object.entries(packages).map(([name, version]) =>
    component(`pkg:npm/${name.replace("@", "%40")}@${version}`, name, version),
  );
}
