import { number, numbers, TAG, text, type Dataset } from '../dicomweb/json';

type Vector = readonly [number, number, number];

/**
 * Order slices by their position along the slice normal (PS3.3 C.7.6.2.1.1), head to foot for
 * axial images; without a common geometry by InstanceNumber, then SOP Instance UID.
 */
export function sortSlices(instances: readonly Dataset[]): readonly Dataset[] {
  const normal = commonNormal(instances);
  const keyed = instances.map((instance) => ({
    instance,
    position: normal ? -along(normal, instance) : 0,
    number: number(instance, TAG.InstanceNumber) ?? Number.MAX_SAFE_INTEGER,
    uid: text(instance, TAG.SopInstanceUid),
  }));
  keyed.sort(
    (a, b) => a.position - b.position || a.number - b.number || (a.uid < b.uid ? -1 : 1),
  );
  return keyed.map(({ instance }) => instance);
}

/** The slice normal all instances share, or undefined when one lacks geometry or is turned. */
function commonNormal(instances: readonly Dataset[]): Vector | undefined {
  let common: Vector | undefined;
  for (const instance of instances) {
    const normal = normalOf(instance);
    if (!normal || numbers(instance, TAG.ImagePositionPatient).length !== 3) return undefined;
    if (common && dot(common, normal) < 0.99) return undefined;
    common ??= normal;
  }
  return common;
}

function normalOf(instance: Dataset): Vector | undefined {
  const [rx, ry, rz, cx, cy, cz] = numbers(instance, TAG.ImageOrientationPatient);
  if (rx === undefined || ry === undefined || rz === undefined) return undefined;
  if (cx === undefined || cy === undefined || cz === undefined) return undefined;
  return [ry * cz - rz * cy, rz * cx - rx * cz, rx * cy - ry * cx];
}

function along(normal: Vector, instance: Dataset): number {
  const [x = 0, y = 0, z = 0] = numbers(instance, TAG.ImagePositionPatient);
  return dot(normal, [x, y, z]);
}

function dot(a: Vector, b: Vector): number {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}
