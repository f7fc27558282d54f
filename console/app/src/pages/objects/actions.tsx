export function NewObject(_: { kind: string }) {
  return null;
}
export function RowActions(_: { kind: string; name: string }) {
  return null;
}
export function ObjectActions(_: { kind: string; name: string }) {
  return null;
}
