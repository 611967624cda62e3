import assert from "node:assert/strict";
import { createFileRegistry, type DescMessage, fromJson, type JsonObject } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { PUBLISHED_FIELDS } from "./published-fields.ts";

const SCALARS = new Set(
  "double int64 uint64 int32 fixed64 fixed32 bool string bytes uint32 sfixed64 sint32".split(" "),
);

/** What a field of a `.proto` looks like, and how a message, an enum and a oneof begin. */
const FIELD = /^(?:(repeated|optional) )?(\w+) (\w+) = (\d+);$/;
const OPENING = /^(message|enum|oneof) (\w+) \{$/;
const ENUM_VALUE = /^(\w+) = (\d+);$/;

const registry = createFileRegistry(fromJson(FileDescriptorProtoSchema, parseProto(PUBLISHED_FIELDS)), () => undefined);

/** The schema of one of the published messages. */
export function published(name: string): DescMessage {
  const schema = registry.getMessage(`published.${name}`);
  assert.ok(schema, `${name} is among the published messages`);
  return schema;
}

/** A FileDescriptorProto in JSON from a text in the little of the protobuf language that OTLP uses. */
function parseProto(text: string): JsonObject {
  const messages: JsonObject[] = [];
  const enums: JsonObject[] = [];
  const enumNames = new Set(Array.from(text.matchAll(/^enum (\w+)/gm), ([, name]) => name));
  let fields: JsonObject[] = [];
  let oneofs: JsonObject[] = [];
  let values: JsonObject[] = [];
  let inOneof = false;

  for (const line of text.split("\n").map((each) => each.trim())) {
    const [, opened, name = ""] = OPENING.exec(line) ?? [];
    const field = FIELD.exec(line);
    const enumValue = ENUM_VALUE.exec(line);
    if (opened === "message") {
      fields = [];
      oneofs = [];
      messages.push({ name, field: fields, oneofDecl: oneofs });
    } else if (opened === "enum") {
      values = [];
      enums.push({ name, value: values });
    } else if (opened === "oneof") {
      inOneof = true;
      oneofs.push({ name });
    } else if (field !== null) {
      const [, label, type = "", fieldName = "", number] = field;
      const optional = label === "optional";
      if (optional) oneofs.push({ name: `_${fieldName}` });
      fields.push({
        name: fieldName,
        jsonName: fieldName.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase()),
        number: Number(number),
        label: label === "repeated" ? "LABEL_REPEATED" : "LABEL_OPTIONAL",
        ...typeOf(type, enumNames),
        ...(inOneof || optional ? { oneofIndex: oneofs.length - 1 } : {}),
        ...(optional ? { proto3Optional: true } : {}),
      });
    } else if (enumValue !== null) values.push({ name: enumValue[1] ?? "", number: Number(enumValue[2]) });
    else if (line === "}") inOneof = false;
    else assert.equal(line, "", "a line of the .proto is understood");
  }
  return { name: "published.proto", package: "published", syntax: "proto3", messageType: messages, enumType: enums };
}

function typeOf(type: string, enumNames: ReadonlySet<string | undefined>): JsonObject {
  if (SCALARS.has(type)) return { type: `TYPE_${type.toUpperCase()}` };
  return { type: enumNames.has(type) ? "TYPE_ENUM" : "TYPE_MESSAGE", typeName: `.published.${type}` };
}
