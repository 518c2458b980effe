// Made by tests/tools/generate_wire.ts from runtime/wire/schema; do not change.
// deno-lint-ignore-file
// deno-fmt-ignore-file

import * as flatbuffers from "flatbuffers";

export class AcceptedSlots {
  bb: flatbuffers.ByteBuffer|null = null;
  bb_pos = 0;
  __init(i:number, bb:flatbuffers.ByteBuffer):AcceptedSlots {
  this.bb_pos = i;
  this.bb = bb;
  return this;
}

static getRootAsAcceptedSlots(bb:flatbuffers.ByteBuffer, obj?:AcceptedSlots):AcceptedSlots {
  return (obj || new AcceptedSlots()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

static getSizePrefixedRootAsAcceptedSlots(bb:flatbuffers.ByteBuffer, obj?:AcceptedSlots):AcceptedSlots {
  bb.setPosition(bb.position() + flatbuffers.SIZE_PREFIX_LENGTH);
  return (obj || new AcceptedSlots()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

accepted(index: number):string
accepted(index: number,optionalEncoding:flatbuffers.Encoding):string|Uint8Array
accepted(index: number,optionalEncoding?:any):string|Uint8Array|null {
  const offset = this.bb!.__offset(this.bb_pos, 4);
  return offset ? this.bb!.__string(this.bb!.__vector(this.bb_pos + offset) + index * 4, optionalEncoding) : null;
}

acceptedLength():number {
  const offset = this.bb!.__offset(this.bb_pos, 4);
  return offset ? this.bb!.__vector_len(this.bb_pos + offset) : 0;
}

static startAcceptedSlots(builder:flatbuffers.Builder) {
  builder.startObject(1);
}

static addAccepted(builder:flatbuffers.Builder, acceptedOffset:flatbuffers.Offset) {
  builder.addFieldOffset(0, acceptedOffset, 0);
}

static createAcceptedVector(builder:flatbuffers.Builder, data:flatbuffers.Offset[]):flatbuffers.Offset {
  builder.startVector(4, data.length, 4);
  for (let i = data.length - 1; i >= 0; i--) {
    builder.addOffset(data[i]!);
  }
  return builder.endVector();
}

static startAcceptedVector(builder:flatbuffers.Builder, numElems:number) {
  builder.startVector(4, numElems, 4);
}

static endAcceptedSlots(builder:flatbuffers.Builder):flatbuffers.Offset {
  const offset = builder.endObject();
  return offset;
}

static createAcceptedSlots(builder:flatbuffers.Builder, acceptedOffset:flatbuffers.Offset):flatbuffers.Offset {
  AcceptedSlots.startAcceptedSlots(builder);
  AcceptedSlots.addAccepted(builder, acceptedOffset);
  return AcceptedSlots.endAcceptedSlots(builder);
}
}

export class Asset {
  bb: flatbuffers.ByteBuffer|null = null;
  bb_pos = 0;
  __init(i:number, bb:flatbuffers.ByteBuffer):Asset {
  this.bb_pos = i;
  this.bb = bb;
  return this;
}

static getRootAsAsset(bb:flatbuffers.ByteBuffer, obj?:Asset):Asset {
  return (obj || new Asset()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

static getSizePrefixedRootAsAsset(bb:flatbuffers.ByteBuffer, obj?:Asset):Asset {
  bb.setPosition(bb.position() + flatbuffers.SIZE_PREFIX_LENGTH);
  return (obj || new Asset()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

name():string|null
name(optionalEncoding:flatbuffers.Encoding):string|Uint8Array|null
name(optionalEncoding?:any):string|Uint8Array|null {
  const offset = this.bb!.__offset(this.bb_pos, 4);
  return offset ? this.bb!.__string(this.bb_pos + offset, optionalEncoding) : null;
}

/**
 * sha256, hex.
 */
hash():string|null
hash(optionalEncoding:flatbuffers.Encoding):string|Uint8Array|null
hash(optionalEncoding?:any):string|Uint8Array|null {
  const offset = this.bb!.__offset(this.bb_pos, 6);
  return offset ? this.bb!.__string(this.bb_pos + offset, optionalEncoding) : null;
}

executable():boolean {
  const offset = this.bb!.__offset(this.bb_pos, 8);
  return offset ? !!this.bb!.readInt8(this.bb_pos + offset) : false;
}

static startAsset(builder:flatbuffers.Builder) {
  builder.startObject(3);
}

static addName(builder:flatbuffers.Builder, nameOffset:flatbuffers.Offset) {
  builder.addFieldOffset(0, nameOffset, 0);
}

static addHash(builder:flatbuffers.Builder, hashOffset:flatbuffers.Offset) {
  builder.addFieldOffset(1, hashOffset, 0);
}

static addExecutable(builder:flatbuffers.Builder, executable:boolean) {
  builder.addFieldInt8(2, +executable, +false);
}

static endAsset(builder:flatbuffers.Builder):flatbuffers.Offset {
  const offset = builder.endObject();
  return offset;
}

static createAsset(builder:flatbuffers.Builder, nameOffset:flatbuffers.Offset, hashOffset:flatbuffers.Offset, executable:boolean):flatbuffers.Offset {
  Asset.startAsset(builder);
  Asset.addName(builder, nameOffset);
  Asset.addHash(builder, hashOffset);
  Asset.addExecutable(builder, executable);
  return Asset.endAsset(builder);
}
}

export class BlobBytes {
  bb: flatbuffers.ByteBuffer|null = null;
  bb_pos = 0;
  __init(i:number, bb:flatbuffers.ByteBuffer):BlobBytes {
  this.bb_pos = i;
  this.bb = bb;
  return this;
}

static getRootAsBlobBytes(bb:flatbuffers.ByteBuffer, obj?:BlobBytes):BlobBytes {
  return (obj || new BlobBytes()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

static getSizePrefixedRootAsBlobBytes(bb:flatbuffers.ByteBuffer, obj?:BlobBytes):BlobBytes {
  bb.setPosition(bb.position() + flatbuffers.SIZE_PREFIX_LENGTH);
  return (obj || new BlobBytes()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

bytes(index: number):number|null {
  const offset = this.bb!.__offset(this.bb_pos, 4);
  return offset ? this.bb!.readUint8(this.bb!.__vector(this.bb_pos + offset) + index) : 0;
}

bytesLength():number {
  const offset = this.bb!.__offset(this.bb_pos, 4);
  return offset ? this.bb!.__vector_len(this.bb_pos + offset) : 0;
}

bytesArray():Uint8Array|null {
  const offset = this.bb!.__offset(this.bb_pos, 4);
  return offset ? new Uint8Array(this.bb!.bytes().buffer, this.bb!.bytes().byteOffset + this.bb!.__vector(this.bb_pos + offset), this.bb!.__vector_len(this.bb_pos + offset)) : null;
}

static startBlobBytes(builder:flatbuffers.Builder) {
  builder.startObject(1);
}

static addBytes(builder:flatbuffers.Builder, bytesOffset:flatbuffers.Offset) {
  builder.addFieldOffset(0, bytesOffset, 0);
}

static createBytesVector(builder:flatbuffers.Builder, data:number[]|Uint8Array):flatbuffers.Offset {
  builder.startVector(1, data.length, 1);
  for (let i = data.length - 1; i >= 0; i--) {
    builder.addInt8(data[i]!);
  }
  return builder.endVector();
}

static startBytesVector(builder:flatbuffers.Builder, numElems:number) {
  builder.startVector(1, numElems, 1);
}

static endBlobBytes(builder:flatbuffers.Builder):flatbuffers.Offset {
  const offset = builder.endObject();
  return offset;
}

static createBlobBytes(builder:flatbuffers.Builder, bytesOffset:flatbuffers.Offset):flatbuffers.Offset {
  BlobBytes.startBlobBytes(builder);
  BlobBytes.addBytes(builder, bytesOffset);
  return BlobBytes.endBlobBytes(builder);
}
}

export class BlobInfo {
  bb: flatbuffers.ByteBuffer|null = null;
  bb_pos = 0;
  __init(i:number, bb:flatbuffers.ByteBuffer):BlobInfo {
  this.bb_pos = i;
  this.bb = bb;
  return this;
}

static getRootAsBlobInfo(bb:flatbuffers.ByteBuffer, obj?:BlobInfo):BlobInfo {
  return (obj || new BlobInfo()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

static getSizePrefixedRootAsBlobInfo(bb:flatbuffers.ByteBuffer, obj?:BlobInfo):BlobInfo {
  bb.setPosition(bb.position() + flatbuffers.SIZE_PREFIX_LENGTH);
  return (obj || new BlobInfo()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

hash():string|null
hash(optionalEncoding:flatbuffers.Encoding):string|Uint8Array|null
hash(optionalEncoding?:any):string|Uint8Array|null {
  const offset = this.bb!.__offset(this.bb_pos, 4);
  return offset ? this.bb!.__string(this.bb_pos + offset, optionalEncoding) : null;
}

static startBlobInfo(builder:flatbuffers.Builder) {
  builder.startObject(1);
}

static addHash(builder:flatbuffers.Builder, hashOffset:flatbuffers.Offset) {
  builder.addFieldOffset(0, hashOffset, 0);
}

static endBlobInfo(builder:flatbuffers.Builder):flatbuffers.Offset {
  const offset = builder.endObject();
  return offset;
}

static createBlobInfo(builder:flatbuffers.Builder, hashOffset:flatbuffers.Offset):flatbuffers.Offset {
  BlobInfo.startBlobInfo(builder);
  BlobInfo.addHash(builder, hashOffset);
  return BlobInfo.endBlobInfo(builder);
}
}

export class BlobRead {
  bb: flatbuffers.ByteBuffer|null = null;
  bb_pos = 0;
  __init(i:number, bb:flatbuffers.ByteBuffer):BlobRead {
  this.bb_pos = i;
  this.bb = bb;
  return this;
}

static getRootAsBlobRead(bb:flatbuffers.ByteBuffer, obj?:BlobRead):BlobRead {
  return (obj || new BlobRead()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

static getSizePrefixedRootAsBlobRead(bb:flatbuffers.ByteBuffer, obj?:BlobRead):BlobRead {
  bb.setPosition(bb.position() + flatbuffers.SIZE_PREFIX_LENGTH);
  return (obj || new BlobRead()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

hash():string|null
hash(optionalEncoding:flatbuffers.Encoding):string|Uint8Array|null
hash(optionalEncoding?:any):string|Uint8Array|null {
  const offset = this.bb!.__offset(this.bb_pos, 4);
  return offset ? this.bb!.__string(this.bb_pos + offset, optionalEncoding) : null;
}

offset():number {
  const offset = this.bb!.__offset(this.bb_pos, 6);
  return offset ? this.bb!.readFloat64(this.bb_pos + offset) : 0.0;
}

length():number {
  const offset = this.bb!.__offset(this.bb_pos, 8);
  return offset ? this.bb!.readUint32(this.bb_pos + offset) : 0;
}

static startBlobRead(builder:flatbuffers.Builder) {
  builder.startObject(3);
}

static addHash(builder:flatbuffers.Builder, hashOffset:flatbuffers.Offset) {
  builder.addFieldOffset(0, hashOffset, 0);
}

static addOffset(builder:flatbuffers.Builder, offset:number) {
  builder.addFieldFloat64(1, offset, 0.0);
}

static addLength(builder:flatbuffers.Builder, length:number) {
  builder.addFieldInt32(2, length, 0);
}

static endBlobRead(builder:flatbuffers.Builder):flatbuffers.Offset {
  const offset = builder.endObject();
  return offset;
}

static createBlobRead(builder:flatbuffers.Builder, hashOffset:flatbuffers.Offset, offset:number, length:number):flatbuffers.Offset {
  BlobRead.startBlobRead(builder);
  BlobRead.addHash(builder, hashOffset);
  BlobRead.addOffset(builder, offset);
  BlobRead.addLength(builder, length);
  return BlobRead.endBlobRead(builder);
}
}

export class BlobSize {
  bb: flatbuffers.ByteBuffer|null = null;
  bb_pos = 0;
  __init(i:number, bb:flatbuffers.ByteBuffer):BlobSize {
  this.bb_pos = i;
  this.bb = bb;
  return this;
}

static getRootAsBlobSize(bb:flatbuffers.ByteBuffer, obj?:BlobSize):BlobSize {
  return (obj || new BlobSize()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

static getSizePrefixedRootAsBlobSize(bb:flatbuffers.ByteBuffer, obj?:BlobSize):BlobSize {
  bb.setPosition(bb.position() + flatbuffers.SIZE_PREFIX_LENGTH);
  return (obj || new BlobSize()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

sizeBytes():number {
  const offset = this.bb!.__offset(this.bb_pos, 4);
  return offset ? this.bb!.readFloat64(this.bb_pos + offset) : 0.0;
}

static startBlobSize(builder:flatbuffers.Builder) {
  builder.startObject(1);
}

static addSizeBytes(builder:flatbuffers.Builder, sizeBytes:number) {
  builder.addFieldFloat64(0, sizeBytes, 0.0);
}

static endBlobSize(builder:flatbuffers.Builder):flatbuffers.Offset {
  const offset = builder.endObject();
  return offset;
}

static createBlobSize(builder:flatbuffers.Builder, sizeBytes:number):flatbuffers.Offset {
  BlobSize.startBlobSize(builder);
  BlobSize.addSizeBytes(builder, sizeBytes);
  return BlobSize.endBlobSize(builder);
}
}

export enum Body {
  NONE = 0,
  Failure = 1,
  Empty = 2,
  Generic = 3,
  RegisterTaskManager = 4,
  Registration = 5,
  SlotReport = 6,
  SlotFreed = 7,
  DrainTaskManager = 8,
  Heartbeat = 9,
  HeartbeatReply = 10,
  RequestSlot = 11,
  DeploySlot = 12,
  SlotRequest = 13,
  CloseSlot = 14,
  FreeSlot = 15,
  JobEnded = 16,
  OfferSlots = 17,
  AcceptedSlots = 18,
  SlotReportOf = 19,
  SlotEnded = 20,
  DisconnectTaskManager = 21,
  BlobInfo = 22,
  BlobSize = 23,
  BlobRead = 24,
  BlobBytes = 25
}

export function unionToBody(
  type: Body,
  accessor: (obj:AcceptedSlots|BlobBytes|BlobInfo|BlobRead|BlobSize|CloseSlot|DeploySlot|DisconnectTaskManager|DrainTaskManager|Empty|Failure|FreeSlot|Generic|Heartbeat|HeartbeatReply|JobEnded|OfferSlots|RegisterTaskManager|Registration|RequestSlot|SlotEnded|SlotFreed|SlotReport|SlotReportOf|SlotRequest) => AcceptedSlots|BlobBytes|BlobInfo|BlobRead|BlobSize|CloseSlot|DeploySlot|DisconnectTaskManager|DrainTaskManager|Empty|Failure|FreeSlot|Generic|Heartbeat|HeartbeatReply|JobEnded|OfferSlots|RegisterTaskManager|Registration|RequestSlot|SlotEnded|SlotFreed|SlotReport|SlotReportOf|SlotRequest|null
): AcceptedSlots|BlobBytes|BlobInfo|BlobRead|BlobSize|CloseSlot|DeploySlot|DisconnectTaskManager|DrainTaskManager|Empty|Failure|FreeSlot|Generic|Heartbeat|HeartbeatReply|JobEnded|OfferSlots|RegisterTaskManager|Registration|RequestSlot|SlotEnded|SlotFreed|SlotReport|SlotReportOf|SlotRequest|null {
  switch(Body[type]) {
    case 'NONE': return null; 
    case 'Failure': return accessor(new Failure())! as Failure;
    case 'Empty': return accessor(new Empty())! as Empty;
    case 'Generic': return accessor(new Generic())! as Generic;
    case 'RegisterTaskManager': return accessor(new RegisterTaskManager())! as RegisterTaskManager;
    case 'Registration': return accessor(new Registration())! as Registration;
    case 'SlotReport': return accessor(new SlotReport())! as SlotReport;
    case 'SlotFreed': return accessor(new SlotFreed())! as SlotFreed;
    case 'DrainTaskManager': return accessor(new DrainTaskManager())! as DrainTaskManager;
    case 'Heartbeat': return accessor(new Heartbeat())! as Heartbeat;
    case 'HeartbeatReply': return accessor(new HeartbeatReply())! as HeartbeatReply;
    case 'RequestSlot': return accessor(new RequestSlot())! as RequestSlot;
    case 'DeploySlot': return accessor(new DeploySlot())! as DeploySlot;
    case 'SlotRequest': return accessor(new SlotRequest())! as SlotRequest;
    case 'CloseSlot': return accessor(new CloseSlot())! as CloseSlot;
    case 'FreeSlot': return accessor(new FreeSlot())! as FreeSlot;
    case 'JobEnded': return accessor(new JobEnded())! as JobEnded;
    case 'OfferSlots': return accessor(new OfferSlots())! as OfferSlots;
    case 'AcceptedSlots': return accessor(new AcceptedSlots())! as AcceptedSlots;
    case 'SlotReportOf': return accessor(new SlotReportOf())! as SlotReportOf;
    case 'SlotEnded': return accessor(new SlotEnded())! as SlotEnded;
    case 'DisconnectTaskManager': return accessor(new DisconnectTaskManager())! as DisconnectTaskManager;
    case 'BlobInfo': return accessor(new BlobInfo())! as BlobInfo;
    case 'BlobSize': return accessor(new BlobSize())! as BlobSize;
    case 'BlobRead': return accessor(new BlobRead())! as BlobRead;
    case 'BlobBytes': return accessor(new BlobBytes())! as BlobBytes;
    default: return null;
  }
}

export function unionListToBody(
  type: Body, 
  accessor: (index: number, obj:AcceptedSlots|BlobBytes|BlobInfo|BlobRead|BlobSize|CloseSlot|DeploySlot|DisconnectTaskManager|DrainTaskManager|Empty|Failure|FreeSlot|Generic|Heartbeat|HeartbeatReply|JobEnded|OfferSlots|RegisterTaskManager|Registration|RequestSlot|SlotEnded|SlotFreed|SlotReport|SlotReportOf|SlotRequest) => AcceptedSlots|BlobBytes|BlobInfo|BlobRead|BlobSize|CloseSlot|DeploySlot|DisconnectTaskManager|DrainTaskManager|Empty|Failure|FreeSlot|Generic|Heartbeat|HeartbeatReply|JobEnded|OfferSlots|RegisterTaskManager|Registration|RequestSlot|SlotEnded|SlotFreed|SlotReport|SlotReportOf|SlotRequest|null, 
  index: number
): AcceptedSlots|BlobBytes|BlobInfo|BlobRead|BlobSize|CloseSlot|DeploySlot|DisconnectTaskManager|DrainTaskManager|Empty|Failure|FreeSlot|Generic|Heartbeat|HeartbeatReply|JobEnded|OfferSlots|RegisterTaskManager|Registration|RequestSlot|SlotEnded|SlotFreed|SlotReport|SlotReportOf|SlotRequest|null {
  switch(Body[type]) {
    case 'NONE': return null; 
    case 'Failure': return accessor(index, new Failure())! as Failure;
    case 'Empty': return accessor(index, new Empty())! as Empty;
    case 'Generic': return accessor(index, new Generic())! as Generic;
    case 'RegisterTaskManager': return accessor(index, new RegisterTaskManager())! as RegisterTaskManager;
    case 'Registration': return accessor(index, new Registration())! as Registration;
    case 'SlotReport': return accessor(index, new SlotReport())! as SlotReport;
    case 'SlotFreed': return accessor(index, new SlotFreed())! as SlotFreed;
    case 'DrainTaskManager': return accessor(index, new DrainTaskManager())! as DrainTaskManager;
    case 'Heartbeat': return accessor(index, new Heartbeat())! as Heartbeat;
    case 'HeartbeatReply': return accessor(index, new HeartbeatReply())! as HeartbeatReply;
    case 'RequestSlot': return accessor(index, new RequestSlot())! as RequestSlot;
    case 'DeploySlot': return accessor(index, new DeploySlot())! as DeploySlot;
    case 'SlotRequest': return accessor(index, new SlotRequest())! as SlotRequest;
    case 'CloseSlot': return accessor(index, new CloseSlot())! as CloseSlot;
    case 'FreeSlot': return accessor(index, new FreeSlot())! as FreeSlot;
    case 'JobEnded': return accessor(index, new JobEnded())! as JobEnded;
    case 'OfferSlots': return accessor(index, new OfferSlots())! as OfferSlots;
    case 'AcceptedSlots': return accessor(index, new AcceptedSlots())! as AcceptedSlots;
    case 'SlotReportOf': return accessor(index, new SlotReportOf())! as SlotReportOf;
    case 'SlotEnded': return accessor(index, new SlotEnded())! as SlotEnded;
    case 'DisconnectTaskManager': return accessor(index, new DisconnectTaskManager())! as DisconnectTaskManager;
    case 'BlobInfo': return accessor(index, new BlobInfo())! as BlobInfo;
    case 'BlobSize': return accessor(index, new BlobSize())! as BlobSize;
    case 'BlobRead': return accessor(index, new BlobRead())! as BlobRead;
    case 'BlobBytes': return accessor(index, new BlobBytes())! as BlobBytes;
    default: return null;
  }
}

export class CloseSlot {
  bb: flatbuffers.ByteBuffer|null = null;
  bb_pos = 0;
  __init(i:number, bb:flatbuffers.ByteBuffer):CloseSlot {
  this.bb_pos = i;
  this.bb = bb;
  return this;
}

static getRootAsCloseSlot(bb:flatbuffers.ByteBuffer, obj?:CloseSlot):CloseSlot {
  return (obj || new CloseSlot()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

static getSizePrefixedRootAsCloseSlot(bb:flatbuffers.ByteBuffer, obj?:CloseSlot):CloseSlot {
  bb.setPosition(bb.position() + flatbuffers.SIZE_PREFIX_LENGTH);
  return (obj || new CloseSlot()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

jobId():string|null
jobId(optionalEncoding:flatbuffers.Encoding):string|Uint8Array|null
jobId(optionalEncoding?:any):string|Uint8Array|null {
  const offset = this.bb!.__offset(this.bb_pos, 4);
  return offset ? this.bb!.__string(this.bb_pos + offset, optionalEncoding) : null;
}

slotKey():string|null
slotKey(optionalEncoding:flatbuffers.Encoding):string|Uint8Array|null
slotKey(optionalEncoding?:any):string|Uint8Array|null {
  const offset = this.bb!.__offset(this.bb_pos, 6);
  return offset ? this.bb!.__string(this.bb_pos + offset, optionalEncoding) : null;
}

static startCloseSlot(builder:flatbuffers.Builder) {
  builder.startObject(2);
}

static addJobId(builder:flatbuffers.Builder, jobIdOffset:flatbuffers.Offset) {
  builder.addFieldOffset(0, jobIdOffset, 0);
}

static addSlotKey(builder:flatbuffers.Builder, slotKeyOffset:flatbuffers.Offset) {
  builder.addFieldOffset(1, slotKeyOffset, 0);
}

static endCloseSlot(builder:flatbuffers.Builder):flatbuffers.Offset {
  const offset = builder.endObject();
  return offset;
}

static createCloseSlot(builder:flatbuffers.Builder, jobIdOffset:flatbuffers.Offset, slotKeyOffset:flatbuffers.Offset):flatbuffers.Offset {
  CloseSlot.startCloseSlot(builder);
  CloseSlot.addJobId(builder, jobIdOffset);
  CloseSlot.addSlotKey(builder, slotKeyOffset);
  return CloseSlot.endCloseSlot(builder);
}
}

export class Control {
  bb: flatbuffers.ByteBuffer|null = null;
  bb_pos = 0;
  __init(i:number, bb:flatbuffers.ByteBuffer):Control {
  this.bb_pos = i;
  this.bb = bb;
  return this;
}

static getRootAsControl(bb:flatbuffers.ByteBuffer, obj?:Control):Control {
  return (obj || new Control()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

static getSizePrefixedRootAsControl(bb:flatbuffers.ByteBuffer, obj?:Control):Control {
  bb.setPosition(bb.position() + flatbuffers.SIZE_PREFIX_LENGTH);
  return (obj || new Control()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

static bufferHasIdentifier(bb:flatbuffers.ByteBuffer):boolean {
  return bb.__has_identifier('TSFC');
}

version():number {
  const offset = this.bb!.__offset(this.bb_pos, 4);
  return offset ? this.bb!.readUint16(this.bb_pos + offset) : 0;
}

kind():MessageKind {
  const offset = this.bb!.__offset(this.bb_pos, 6);
  return offset ? this.bb!.readUint8(this.bb_pos + offset) : MessageKind.NONE;
}

/**
 * Of a CALL, and of what answers it.
 */
correlation():number {
  const offset = this.bb!.__offset(this.bb_pos, 8);
  return offset ? this.bb!.readUint32(this.bb_pos + offset) : 0;
}

endpoint():string|null
endpoint(optionalEncoding:flatbuffers.Encoding):string|Uint8Array|null
endpoint(optionalEncoding?:any):string|Uint8Array|null {
  const offset = this.bb!.__offset(this.bb_pos, 10);
  return offset ? this.bb!.__string(this.bb_pos + offset, optionalEncoding) : null;
}

fencingToken():string|null
fencingToken(optionalEncoding:flatbuffers.Encoding):string|Uint8Array|null
fencingToken(optionalEncoding?:any):string|Uint8Array|null {
  const offset = this.bb!.__offset(this.bb_pos, 12);
  return offset ? this.bb!.__string(this.bb_pos + offset, optionalEncoding) : null;
}

bodyType():Body {
  const offset = this.bb!.__offset(this.bb_pos, 14);
  return offset ? this.bb!.readUint8(this.bb_pos + offset) : Body.NONE;
}

body<T extends flatbuffers.Table>(obj:any):any|null {
  const offset = this.bb!.__offset(this.bb_pos, 16);
  return offset ? this.bb!.__union(obj, this.bb_pos + offset) : null;
}

static startControl(builder:flatbuffers.Builder) {
  builder.startObject(7);
}

static addVersion(builder:flatbuffers.Builder, version:number) {
  builder.addFieldInt16(0, version, 0);
}

static addKind(builder:flatbuffers.Builder, kind:MessageKind) {
  builder.addFieldInt8(1, kind, MessageKind.NONE);
}

static addCorrelation(builder:flatbuffers.Builder, correlation:number) {
  builder.addFieldInt32(2, correlation, 0);
}

static addEndpoint(builder:flatbuffers.Builder, endpointOffset:flatbuffers.Offset) {
  builder.addFieldOffset(3, endpointOffset, 0);
}

static addFencingToken(builder:flatbuffers.Builder, fencingTokenOffset:flatbuffers.Offset) {
  builder.addFieldOffset(4, fencingTokenOffset, 0);
}

static addBodyType(builder:flatbuffers.Builder, bodyType:Body) {
  builder.addFieldInt8(5, bodyType, Body.NONE);
}

static addBody(builder:flatbuffers.Builder, bodyOffset:flatbuffers.Offset) {
  builder.addFieldOffset(6, bodyOffset, 0);
}

static endControl(builder:flatbuffers.Builder):flatbuffers.Offset {
  const offset = builder.endObject();
  return offset;
}

static finishControlBuffer(builder:flatbuffers.Builder, offset:flatbuffers.Offset) {
  builder.finish(offset, 'TSFC');
}

static finishSizePrefixedControlBuffer(builder:flatbuffers.Builder, offset:flatbuffers.Offset) {
  builder.finish(offset, 'TSFC', true);
}

static createControl(builder:flatbuffers.Builder, version:number, kind:MessageKind, correlation:number, endpointOffset:flatbuffers.Offset, fencingTokenOffset:flatbuffers.Offset, bodyType:Body, bodyOffset:flatbuffers.Offset):flatbuffers.Offset {
  Control.startControl(builder);
  Control.addVersion(builder, version);
  Control.addKind(builder, kind);
  Control.addCorrelation(builder, correlation);
  Control.addEndpoint(builder, endpointOffset);
  Control.addFencingToken(builder, fencingTokenOffset);
  Control.addBodyType(builder, bodyType);
  Control.addBody(builder, bodyOffset);
  return Control.endControl(builder);
}
}

export class DataFrame {
  bb: flatbuffers.ByteBuffer|null = null;
  bb_pos = 0;
  __init(i:number, bb:flatbuffers.ByteBuffer):DataFrame {
  this.bb_pos = i;
  this.bb = bb;
  return this;
}

static getRootAsDataFrame(bb:flatbuffers.ByteBuffer, obj?:DataFrame):DataFrame {
  return (obj || new DataFrame()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

static getSizePrefixedRootAsDataFrame(bb:flatbuffers.ByteBuffer, obj?:DataFrame):DataFrame {
  bb.setPosition(bb.position() + flatbuffers.SIZE_PREFIX_LENGTH);
  return (obj || new DataFrame()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

static bufferHasIdentifier(bb:flatbuffers.ByteBuffer):boolean {
  return bb.__has_identifier('TSFD');
}

/**
 * Of the link between two slots of one attempt; both TaskManagers know it by the same number.
 */
link():number {
  const offset = this.bb!.__offset(this.bb_pos, 4);
  return offset ? this.bb!.readUint32(this.bb_pos + offset) : 0;
}

/**
 * Lower 8 bits: data, event, backlog, credit. Upper 24 bits: rows of a data frame.
 */
kind():number {
  const offset = this.bb!.__offset(this.bb_pos, 6);
  return offset ? this.bb!.readUint32(this.bb_pos + offset) : 0;
}

channel():number {
  const offset = this.bb!.__offset(this.bb_pos, 8);
  return offset ? this.bb!.readUint32(this.bb_pos + offset) : 0;
}

argument():number {
  const offset = this.bb!.__offset(this.bb_pos, 10);
  return offset ? this.bb!.readInt32(this.bb_pos + offset) : 0;
}

payload(index: number):number|null {
  const offset = this.bb!.__offset(this.bb_pos, 12);
  return offset ? this.bb!.readUint8(this.bb!.__vector(this.bb_pos + offset) + index) : 0;
}

payloadLength():number {
  const offset = this.bb!.__offset(this.bb_pos, 12);
  return offset ? this.bb!.__vector_len(this.bb_pos + offset) : 0;
}

payloadArray():Uint8Array|null {
  const offset = this.bb!.__offset(this.bb_pos, 12);
  return offset ? new Uint8Array(this.bb!.bytes().buffer, this.bb!.bytes().byteOffset + this.bb!.__vector(this.bb_pos + offset), this.bb!.__vector_len(this.bb_pos + offset)) : null;
}

version():number {
  const offset = this.bb!.__offset(this.bb_pos, 14);
  return offset ? this.bb!.readUint16(this.bb_pos + offset) : 0;
}

static startDataFrame(builder:flatbuffers.Builder) {
  builder.startObject(6);
}

static addLink(builder:flatbuffers.Builder, link:number) {
  builder.addFieldInt32(0, link, 0);
}

static addKind(builder:flatbuffers.Builder, kind:number) {
  builder.addFieldInt32(1, kind, 0);
}

static addChannel(builder:flatbuffers.Builder, channel:number) {
  builder.addFieldInt32(2, channel, 0);
}

static addArgument(builder:flatbuffers.Builder, argument:number) {
  builder.addFieldInt32(3, argument, 0);
}

static addPayload(builder:flatbuffers.Builder, payloadOffset:flatbuffers.Offset) {
  builder.addFieldOffset(4, payloadOffset, 0);
}

static createPayloadVector(builder:flatbuffers.Builder, data:number[]|Uint8Array):flatbuffers.Offset {
  builder.startVector(1, data.length, 1);
  for (let i = data.length - 1; i >= 0; i--) {
    builder.addInt8(data[i]!);
  }
  return builder.endVector();
}

static startPayloadVector(builder:flatbuffers.Builder, numElems:number) {
  builder.startVector(1, numElems, 1);
}

static addVersion(builder:flatbuffers.Builder, version:number) {
  builder.addFieldInt16(5, version, 0);
}

static endDataFrame(builder:flatbuffers.Builder):flatbuffers.Offset {
  const offset = builder.endObject();
  return offset;
}

static finishDataFrameBuffer(builder:flatbuffers.Builder, offset:flatbuffers.Offset) {
  builder.finish(offset, 'TSFD');
}

static finishSizePrefixedDataFrameBuffer(builder:flatbuffers.Builder, offset:flatbuffers.Offset) {
  builder.finish(offset, 'TSFD', true);
}

static createDataFrame(builder:flatbuffers.Builder, link:number, kind:number, channel:number, argument:number, payloadOffset:flatbuffers.Offset, version:number):flatbuffers.Offset {
  DataFrame.startDataFrame(builder);
  DataFrame.addLink(builder, link);
  DataFrame.addKind(builder, kind);
  DataFrame.addChannel(builder, channel);
  DataFrame.addArgument(builder, argument);
  DataFrame.addPayload(builder, payloadOffset);
  DataFrame.addVersion(builder, version);
  return DataFrame.endDataFrame(builder);
}
}

export class DeploySlot {
  bb: flatbuffers.ByteBuffer|null = null;
  bb_pos = 0;
  __init(i:number, bb:flatbuffers.ByteBuffer):DeploySlot {
  this.bb_pos = i;
  this.bb = bb;
  return this;
}

static getRootAsDeploySlot(bb:flatbuffers.ByteBuffer, obj?:DeploySlot):DeploySlot {
  return (obj || new DeploySlot()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

static getSizePrefixedRootAsDeploySlot(bb:flatbuffers.ByteBuffer, obj?:DeploySlot):DeploySlot {
  bb.setPosition(bb.position() + flatbuffers.SIZE_PREFIX_LENGTH);
  return (obj || new DeploySlot()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

jobId():string|null
jobId(optionalEncoding:flatbuffers.Encoding):string|Uint8Array|null
jobId(optionalEncoding?:any):string|Uint8Array|null {
  const offset = this.bb!.__offset(this.bb_pos, 4);
  return offset ? this.bb!.__string(this.bb_pos + offset, optionalEncoding) : null;
}

jobName():string|null
jobName(optionalEncoding:flatbuffers.Encoding):string|Uint8Array|null
jobName(optionalEncoding?:any):string|Uint8Array|null {
  const offset = this.bb!.__offset(this.bb_pos, 6);
  return offset ? this.bb!.__string(this.bb_pos + offset, optionalEncoding) : null;
}

/**
 * jobId/attempt/slot
 */
slotKey():string|null
slotKey(optionalEncoding:flatbuffers.Encoding):string|Uint8Array|null
slotKey(optionalEncoding?:any):string|Uint8Array|null {
  const offset = this.bb!.__offset(this.bb_pos, 8);
  return offset ? this.bb!.__string(this.bb_pos + offset, optionalEncoding) : null;
}

allocationId():string|null
allocationId(optionalEncoding:flatbuffers.Encoding):string|Uint8Array|null
allocationId(optionalEncoding?:any):string|Uint8Array|null {
  const offset = this.bb!.__offset(this.bb_pos, 10);
  return offset ? this.bb!.__string(this.bb_pos + offset, optionalEncoding) : null;
}

jobMasterToken():string|null
jobMasterToken(optionalEncoding:flatbuffers.Encoding):string|Uint8Array|null
jobMasterToken(optionalEncoding?:any):string|Uint8Array|null {
  const offset = this.bb!.__offset(this.bb_pos, 12);
  return offset ? this.bb!.__string(this.bb_pos + offset, optionalEncoding) : null;
}

/**
 * sha256 of the job's bundle, hex.
 */
bundleHash():string|null
bundleHash(optionalEncoding:flatbuffers.Encoding):string|Uint8Array|null
bundleHash(optionalEncoding?:any):string|Uint8Array|null {
  const offset = this.bb!.__offset(this.bb_pos, 14);
  return offset ? this.bb!.__string(this.bb_pos + offset, optionalEncoding) : null;
}

/**
 * SlotStart without its memory (runtime/tasks/slot/slot_main.ts), as generic_serializer writes it.
 */
start(index: number):number|null {
  const offset = this.bb!.__offset(this.bb_pos, 16);
  return offset ? this.bb!.readUint8(this.bb!.__vector(this.bb_pos + offset) + index) : 0;
}

startLength():number {
  const offset = this.bb!.__offset(this.bb_pos, 16);
  return offset ? this.bb!.__vector_len(this.bb_pos + offset) : 0;
}

startArray():Uint8Array|null {
  const offset = this.bb!.__offset(this.bb_pos, 16);
  return offset ? new Uint8Array(this.bb!.bytes().buffer, this.bb!.bytes().byteOffset + this.bb!.__vector(this.bb_pos + offset), this.bb!.__vector_len(this.bb_pos + offset)) : null;
}

assets(index: number, obj?:Asset):Asset|null {
  const offset = this.bb!.__offset(this.bb_pos, 18);
  return offset ? (obj || new Asset()).__init(this.bb!.__indirect(this.bb!.__vector(this.bb_pos + offset) + index * 4), this.bb!) : null;
}

assetsLength():number {
  const offset = this.bb!.__offset(this.bb_pos, 18);
  return offset ? this.bb!.__vector_len(this.bb_pos + offset) : 0;
}

links(index: number, obj?:SlotLink):SlotLink|null {
  const offset = this.bb!.__offset(this.bb_pos, 20);
  return offset ? (obj || new SlotLink()).__init(this.bb!.__indirect(this.bb!.__vector(this.bb_pos + offset) + index * 4), this.bb!) : null;
}

linksLength():number {
  const offset = this.bb!.__offset(this.bb_pos, 20);
  return offset ? this.bb!.__vector_len(this.bb_pos + offset) : 0;
}

static startDeploySlot(builder:flatbuffers.Builder) {
  builder.startObject(9);
}

static addJobId(builder:flatbuffers.Builder, jobIdOffset:flatbuffers.Offset) {
  builder.addFieldOffset(0, jobIdOffset, 0);
}

static addJobName(builder:flatbuffers.Builder, jobNameOffset:flatbuffers.Offset) {
  builder.addFieldOffset(1, jobNameOffset, 0);
}

static addSlotKey(builder:flatbuffers.Builder, slotKeyOffset:flatbuffers.Offset) {
  builder.addFieldOffset(2, slotKeyOffset, 0);
}

static addAllocationId(builder:flatbuffers.Builder, allocationIdOffset:flatbuffers.Offset) {
  builder.addFieldOffset(3, allocationIdOffset, 0);
}

static addJobMasterToken(builder:flatbuffers.Builder, jobMasterTokenOffset:flatbuffers.Offset) {
  builder.addFieldOffset(4, jobMasterTokenOffset, 0);
}

static addBundleHash(builder:flatbuffers.Builder, bundleHashOffset:flatbuffers.Offset) {
  builder.addFieldOffset(5, bundleHashOffset, 0);
}

static addStart(builder:flatbuffers.Builder, startOffset:flatbuffers.Offset) {
  builder.addFieldOffset(6, startOffset, 0);
}

static createStartVector(builder:flatbuffers.Builder, data:number[]|Uint8Array):flatbuffers.Offset {
  builder.startVector(1, data.length, 1);
  for (let i = data.length - 1; i >= 0; i--) {
    builder.addInt8(data[i]!);
  }
  return builder.endVector();
}

static startStartVector(builder:flatbuffers.Builder, numElems:number) {
  builder.startVector(1, numElems, 1);
}

static addAssets(builder:flatbuffers.Builder, assetsOffset:flatbuffers.Offset) {
  builder.addFieldOffset(7, assetsOffset, 0);
}

static createAssetsVector(builder:flatbuffers.Builder, data:flatbuffers.Offset[]):flatbuffers.Offset {
  builder.startVector(4, data.length, 4);
  for (let i = data.length - 1; i >= 0; i--) {
    builder.addOffset(data[i]!);
  }
  return builder.endVector();
}

static startAssetsVector(builder:flatbuffers.Builder, numElems:number) {
  builder.startVector(4, numElems, 4);
}

static addLinks(builder:flatbuffers.Builder, linksOffset:flatbuffers.Offset) {
  builder.addFieldOffset(8, linksOffset, 0);
}

static createLinksVector(builder:flatbuffers.Builder, data:flatbuffers.Offset[]):flatbuffers.Offset {
  builder.startVector(4, data.length, 4);
  for (let i = data.length - 1; i >= 0; i--) {
    builder.addOffset(data[i]!);
  }
  return builder.endVector();
}

static startLinksVector(builder:flatbuffers.Builder, numElems:number) {
  builder.startVector(4, numElems, 4);
}

static endDeploySlot(builder:flatbuffers.Builder):flatbuffers.Offset {
  const offset = builder.endObject();
  return offset;
}

static createDeploySlot(builder:flatbuffers.Builder, jobIdOffset:flatbuffers.Offset, jobNameOffset:flatbuffers.Offset, slotKeyOffset:flatbuffers.Offset, allocationIdOffset:flatbuffers.Offset, jobMasterTokenOffset:flatbuffers.Offset, bundleHashOffset:flatbuffers.Offset, startOffset:flatbuffers.Offset, assetsOffset:flatbuffers.Offset, linksOffset:flatbuffers.Offset):flatbuffers.Offset {
  DeploySlot.startDeploySlot(builder);
  DeploySlot.addJobId(builder, jobIdOffset);
  DeploySlot.addJobName(builder, jobNameOffset);
  DeploySlot.addSlotKey(builder, slotKeyOffset);
  DeploySlot.addAllocationId(builder, allocationIdOffset);
  DeploySlot.addJobMasterToken(builder, jobMasterTokenOffset);
  DeploySlot.addBundleHash(builder, bundleHashOffset);
  DeploySlot.addStart(builder, startOffset);
  DeploySlot.addAssets(builder, assetsOffset);
  DeploySlot.addLinks(builder, linksOffset);
  return DeploySlot.endDeploySlot(builder);
}
}

export class DisconnectTaskManager {
  bb: flatbuffers.ByteBuffer|null = null;
  bb_pos = 0;
  __init(i:number, bb:flatbuffers.ByteBuffer):DisconnectTaskManager {
  this.bb_pos = i;
  this.bb = bb;
  return this;
}

static getRootAsDisconnectTaskManager(bb:flatbuffers.ByteBuffer, obj?:DisconnectTaskManager):DisconnectTaskManager {
  return (obj || new DisconnectTaskManager()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

static getSizePrefixedRootAsDisconnectTaskManager(bb:flatbuffers.ByteBuffer, obj?:DisconnectTaskManager):DisconnectTaskManager {
  bb.setPosition(bb.position() + flatbuffers.SIZE_PREFIX_LENGTH);
  return (obj || new DisconnectTaskManager()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

resourceId():string|null
resourceId(optionalEncoding:flatbuffers.Encoding):string|Uint8Array|null
resourceId(optionalEncoding?:any):string|Uint8Array|null {
  const offset = this.bb!.__offset(this.bb_pos, 4);
  return offset ? this.bb!.__string(this.bb_pos + offset, optionalEncoding) : null;
}

cause():string|null
cause(optionalEncoding:flatbuffers.Encoding):string|Uint8Array|null
cause(optionalEncoding?:any):string|Uint8Array|null {
  const offset = this.bb!.__offset(this.bb_pos, 6);
  return offset ? this.bb!.__string(this.bb_pos + offset, optionalEncoding) : null;
}

static startDisconnectTaskManager(builder:flatbuffers.Builder) {
  builder.startObject(2);
}

static addResourceId(builder:flatbuffers.Builder, resourceIdOffset:flatbuffers.Offset) {
  builder.addFieldOffset(0, resourceIdOffset, 0);
}

static addCause(builder:flatbuffers.Builder, causeOffset:flatbuffers.Offset) {
  builder.addFieldOffset(1, causeOffset, 0);
}

static endDisconnectTaskManager(builder:flatbuffers.Builder):flatbuffers.Offset {
  const offset = builder.endObject();
  return offset;
}

static createDisconnectTaskManager(builder:flatbuffers.Builder, resourceIdOffset:flatbuffers.Offset, causeOffset:flatbuffers.Offset):flatbuffers.Offset {
  DisconnectTaskManager.startDisconnectTaskManager(builder);
  DisconnectTaskManager.addResourceId(builder, resourceIdOffset);
  DisconnectTaskManager.addCause(builder, causeOffset);
  return DisconnectTaskManager.endDisconnectTaskManager(builder);
}
}

export class DrainTaskManager {
  bb: flatbuffers.ByteBuffer|null = null;
  bb_pos = 0;
  __init(i:number, bb:flatbuffers.ByteBuffer):DrainTaskManager {
  this.bb_pos = i;
  this.bb = bb;
  return this;
}

static getRootAsDrainTaskManager(bb:flatbuffers.ByteBuffer, obj?:DrainTaskManager):DrainTaskManager {
  return (obj || new DrainTaskManager()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

static getSizePrefixedRootAsDrainTaskManager(bb:flatbuffers.ByteBuffer, obj?:DrainTaskManager):DrainTaskManager {
  bb.setPosition(bb.position() + flatbuffers.SIZE_PREFIX_LENGTH);
  return (obj || new DrainTaskManager()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

resourceId():string|null
resourceId(optionalEncoding:flatbuffers.Encoding):string|Uint8Array|null
resourceId(optionalEncoding?:any):string|Uint8Array|null {
  const offset = this.bb!.__offset(this.bb_pos, 4);
  return offset ? this.bb!.__string(this.bb_pos + offset, optionalEncoding) : null;
}

cause():string|null
cause(optionalEncoding:flatbuffers.Encoding):string|Uint8Array|null
cause(optionalEncoding?:any):string|Uint8Array|null {
  const offset = this.bb!.__offset(this.bb_pos, 6);
  return offset ? this.bb!.__string(this.bb_pos + offset, optionalEncoding) : null;
}

static startDrainTaskManager(builder:flatbuffers.Builder) {
  builder.startObject(2);
}

static addResourceId(builder:flatbuffers.Builder, resourceIdOffset:flatbuffers.Offset) {
  builder.addFieldOffset(0, resourceIdOffset, 0);
}

static addCause(builder:flatbuffers.Builder, causeOffset:flatbuffers.Offset) {
  builder.addFieldOffset(1, causeOffset, 0);
}

static endDrainTaskManager(builder:flatbuffers.Builder):flatbuffers.Offset {
  const offset = builder.endObject();
  return offset;
}

static createDrainTaskManager(builder:flatbuffers.Builder, resourceIdOffset:flatbuffers.Offset, causeOffset:flatbuffers.Offset):flatbuffers.Offset {
  DrainTaskManager.startDrainTaskManager(builder);
  DrainTaskManager.addResourceId(builder, resourceIdOffset);
  DrainTaskManager.addCause(builder, causeOffset);
  return DrainTaskManager.endDrainTaskManager(builder);
}
}

export class Empty {
  bb: flatbuffers.ByteBuffer|null = null;
  bb_pos = 0;
  __init(i:number, bb:flatbuffers.ByteBuffer):Empty {
  this.bb_pos = i;
  this.bb = bb;
  return this;
}

static getRootAsEmpty(bb:flatbuffers.ByteBuffer, obj?:Empty):Empty {
  return (obj || new Empty()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

static getSizePrefixedRootAsEmpty(bb:flatbuffers.ByteBuffer, obj?:Empty):Empty {
  bb.setPosition(bb.position() + flatbuffers.SIZE_PREFIX_LENGTH);
  return (obj || new Empty()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

static startEmpty(builder:flatbuffers.Builder) {
  builder.startObject(0);
}

static endEmpty(builder:flatbuffers.Builder):flatbuffers.Offset {
  const offset = builder.endObject();
  return offset;
}

static createEmpty(builder:flatbuffers.Builder):flatbuffers.Offset {
  Empty.startEmpty(builder);
  return Empty.endEmpty(builder);
}
}

export class Failure {
  bb: flatbuffers.ByteBuffer|null = null;
  bb_pos = 0;
  __init(i:number, bb:flatbuffers.ByteBuffer):Failure {
  this.bb_pos = i;
  this.bb = bb;
  return this;
}

static getRootAsFailure(bb:flatbuffers.ByteBuffer, obj?:Failure):Failure {
  return (obj || new Failure()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

static getSizePrefixedRootAsFailure(bb:flatbuffers.ByteBuffer, obj?:Failure):Failure {
  bb.setPosition(bb.position() + flatbuffers.SIZE_PREFIX_LENGTH);
  return (obj || new Failure()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

/**
 * TSF-NNNN, or the name of an error that is not tsflink's.
 */
code():string|null
code(optionalEncoding:flatbuffers.Encoding):string|Uint8Array|null
code(optionalEncoding?:any):string|Uint8Array|null {
  const offset = this.bb!.__offset(this.bb_pos, 4);
  return offset ? this.bb!.__string(this.bb_pos + offset, optionalEncoding) : null;
}

summary():string|null
summary(optionalEncoding:flatbuffers.Encoding):string|Uint8Array|null
summary(optionalEncoding?:any):string|Uint8Array|null {
  const offset = this.bb!.__offset(this.bb_pos, 6);
  return offset ? this.bb!.__string(this.bb_pos + offset, optionalEncoding) : null;
}

/**
 * TransferredError (runtime/seams/error_transfer.ts), as generic_serializer writes it.
 */
error(index: number):number|null {
  const offset = this.bb!.__offset(this.bb_pos, 8);
  return offset ? this.bb!.readUint8(this.bb!.__vector(this.bb_pos + offset) + index) : 0;
}

errorLength():number {
  const offset = this.bb!.__offset(this.bb_pos, 8);
  return offset ? this.bb!.__vector_len(this.bb_pos + offset) : 0;
}

errorArray():Uint8Array|null {
  const offset = this.bb!.__offset(this.bb_pos, 8);
  return offset ? new Uint8Array(this.bb!.bytes().buffer, this.bb!.bytes().byteOffset + this.bb!.__vector(this.bb_pos + offset), this.bb!.__vector_len(this.bb_pos + offset)) : null;
}

static startFailure(builder:flatbuffers.Builder) {
  builder.startObject(3);
}

static addCode(builder:flatbuffers.Builder, codeOffset:flatbuffers.Offset) {
  builder.addFieldOffset(0, codeOffset, 0);
}

static addSummary(builder:flatbuffers.Builder, summaryOffset:flatbuffers.Offset) {
  builder.addFieldOffset(1, summaryOffset, 0);
}

static addError(builder:flatbuffers.Builder, errorOffset:flatbuffers.Offset) {
  builder.addFieldOffset(2, errorOffset, 0);
}

static createErrorVector(builder:flatbuffers.Builder, data:number[]|Uint8Array):flatbuffers.Offset {
  builder.startVector(1, data.length, 1);
  for (let i = data.length - 1; i >= 0; i--) {
    builder.addInt8(data[i]!);
  }
  return builder.endVector();
}

static startErrorVector(builder:flatbuffers.Builder, numElems:number) {
  builder.startVector(1, numElems, 1);
}

static endFailure(builder:flatbuffers.Builder):flatbuffers.Offset {
  const offset = builder.endObject();
  return offset;
}

static createFailure(builder:flatbuffers.Builder, codeOffset:flatbuffers.Offset, summaryOffset:flatbuffers.Offset, errorOffset:flatbuffers.Offset):flatbuffers.Offset {
  Failure.startFailure(builder);
  Failure.addCode(builder, codeOffset);
  Failure.addSummary(builder, summaryOffset);
  Failure.addError(builder, errorOffset);
  return Failure.endFailure(builder);
}
}

export class FreeSlot {
  bb: flatbuffers.ByteBuffer|null = null;
  bb_pos = 0;
  __init(i:number, bb:flatbuffers.ByteBuffer):FreeSlot {
  this.bb_pos = i;
  this.bb = bb;
  return this;
}

static getRootAsFreeSlot(bb:flatbuffers.ByteBuffer, obj?:FreeSlot):FreeSlot {
  return (obj || new FreeSlot()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

static getSizePrefixedRootAsFreeSlot(bb:flatbuffers.ByteBuffer, obj?:FreeSlot):FreeSlot {
  bb.setPosition(bb.position() + flatbuffers.SIZE_PREFIX_LENGTH);
  return (obj || new FreeSlot()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

allocationId():string|null
allocationId(optionalEncoding:flatbuffers.Encoding):string|Uint8Array|null
allocationId(optionalEncoding?:any):string|Uint8Array|null {
  const offset = this.bb!.__offset(this.bb_pos, 4);
  return offset ? this.bb!.__string(this.bb_pos + offset, optionalEncoding) : null;
}

cause():string|null
cause(optionalEncoding:flatbuffers.Encoding):string|Uint8Array|null
cause(optionalEncoding?:any):string|Uint8Array|null {
  const offset = this.bb!.__offset(this.bb_pos, 6);
  return offset ? this.bb!.__string(this.bb_pos + offset, optionalEncoding) : null;
}

static startFreeSlot(builder:flatbuffers.Builder) {
  builder.startObject(2);
}

static addAllocationId(builder:flatbuffers.Builder, allocationIdOffset:flatbuffers.Offset) {
  builder.addFieldOffset(0, allocationIdOffset, 0);
}

static addCause(builder:flatbuffers.Builder, causeOffset:flatbuffers.Offset) {
  builder.addFieldOffset(1, causeOffset, 0);
}

static endFreeSlot(builder:flatbuffers.Builder):flatbuffers.Offset {
  const offset = builder.endObject();
  return offset;
}

static createFreeSlot(builder:flatbuffers.Builder, allocationIdOffset:flatbuffers.Offset, causeOffset:flatbuffers.Offset):flatbuffers.Offset {
  FreeSlot.startFreeSlot(builder);
  FreeSlot.addAllocationId(builder, allocationIdOffset);
  FreeSlot.addCause(builder, causeOffset);
  return FreeSlot.endFreeSlot(builder);
}
}

/**
 * A method without a table of its own.
 */
export class Generic {
  bb: flatbuffers.ByteBuffer|null = null;
  bb_pos = 0;
  __init(i:number, bb:flatbuffers.ByteBuffer):Generic {
  this.bb_pos = i;
  this.bb = bb;
  return this;
}

static getRootAsGeneric(bb:flatbuffers.ByteBuffer, obj?:Generic):Generic {
  return (obj || new Generic()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

static getSizePrefixedRootAsGeneric(bb:flatbuffers.ByteBuffer, obj?:Generic):Generic {
  bb.setPosition(bb.position() + flatbuffers.SIZE_PREFIX_LENGTH);
  return (obj || new Generic()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

method():string|null
method(optionalEncoding:flatbuffers.Encoding):string|Uint8Array|null
method(optionalEncoding?:any):string|Uint8Array|null {
  const offset = this.bb!.__offset(this.bb_pos, 4);
  return offset ? this.bb!.__string(this.bb_pos + offset, optionalEncoding) : null;
}

payload(index: number):number|null {
  const offset = this.bb!.__offset(this.bb_pos, 6);
  return offset ? this.bb!.readUint8(this.bb!.__vector(this.bb_pos + offset) + index) : 0;
}

payloadLength():number {
  const offset = this.bb!.__offset(this.bb_pos, 6);
  return offset ? this.bb!.__vector_len(this.bb_pos + offset) : 0;
}

payloadArray():Uint8Array|null {
  const offset = this.bb!.__offset(this.bb_pos, 6);
  return offset ? new Uint8Array(this.bb!.bytes().buffer, this.bb!.bytes().byteOffset + this.bb!.__vector(this.bb_pos + offset), this.bb!.__vector_len(this.bb_pos + offset)) : null;
}

static startGeneric(builder:flatbuffers.Builder) {
  builder.startObject(2);
}

static addMethod(builder:flatbuffers.Builder, methodOffset:flatbuffers.Offset) {
  builder.addFieldOffset(0, methodOffset, 0);
}

static addPayload(builder:flatbuffers.Builder, payloadOffset:flatbuffers.Offset) {
  builder.addFieldOffset(1, payloadOffset, 0);
}

static createPayloadVector(builder:flatbuffers.Builder, data:number[]|Uint8Array):flatbuffers.Offset {
  builder.startVector(1, data.length, 1);
  for (let i = data.length - 1; i >= 0; i--) {
    builder.addInt8(data[i]!);
  }
  return builder.endVector();
}

static startPayloadVector(builder:flatbuffers.Builder, numElems:number) {
  builder.startVector(1, numElems, 1);
}

static endGeneric(builder:flatbuffers.Builder):flatbuffers.Offset {
  const offset = builder.endObject();
  return offset;
}

static createGeneric(builder:flatbuffers.Builder, methodOffset:flatbuffers.Offset, payloadOffset:flatbuffers.Offset):flatbuffers.Offset {
  Generic.startGeneric(builder);
  Generic.addMethod(builder, methodOffset);
  Generic.addPayload(builder, payloadOffset);
  return Generic.endGeneric(builder);
}
}

/**
 * Last frame before a clean end: all that was sent has come.
 */
export class Goodbye {
  bb: flatbuffers.ByteBuffer|null = null;
  bb_pos = 0;
  __init(i:number, bb:flatbuffers.ByteBuffer):Goodbye {
  this.bb_pos = i;
  this.bb = bb;
  return this;
}

static getRootAsGoodbye(bb:flatbuffers.ByteBuffer, obj?:Goodbye):Goodbye {
  return (obj || new Goodbye()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

static getSizePrefixedRootAsGoodbye(bb:flatbuffers.ByteBuffer, obj?:Goodbye):Goodbye {
  bb.setPosition(bb.position() + flatbuffers.SIZE_PREFIX_LENGTH);
  return (obj || new Goodbye()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

static startGoodbye(builder:flatbuffers.Builder) {
  builder.startObject(0);
}

static endGoodbye(builder:flatbuffers.Builder):flatbuffers.Offset {
  const offset = builder.endObject();
  return offset;
}

static createGoodbye(builder:flatbuffers.Builder):flatbuffers.Offset {
  Goodbye.startGoodbye(builder);
  return Goodbye.endGoodbye(builder);
}
}

export class HeartbeatReply {
  bb: flatbuffers.ByteBuffer|null = null;
  bb_pos = 0;
  __init(i:number, bb:flatbuffers.ByteBuffer):HeartbeatReply {
  this.bb_pos = i;
  this.bb = bb;
  return this;
}

static getRootAsHeartbeatReply(bb:flatbuffers.ByteBuffer, obj?:HeartbeatReply):HeartbeatReply {
  return (obj || new HeartbeatReply()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

static getSizePrefixedRootAsHeartbeatReply(bb:flatbuffers.ByteBuffer, obj?:HeartbeatReply):HeartbeatReply {
  bb.setPosition(bb.position() + flatbuffers.SIZE_PREFIX_LENGTH);
  return (obj || new HeartbeatReply()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

payload(index: number):number|null {
  const offset = this.bb!.__offset(this.bb_pos, 4);
  return offset ? this.bb!.readUint8(this.bb!.__vector(this.bb_pos + offset) + index) : 0;
}

payloadLength():number {
  const offset = this.bb!.__offset(this.bb_pos, 4);
  return offset ? this.bb!.__vector_len(this.bb_pos + offset) : 0;
}

payloadArray():Uint8Array|null {
  const offset = this.bb!.__offset(this.bb_pos, 4);
  return offset ? new Uint8Array(this.bb!.bytes().buffer, this.bb!.bytes().byteOffset + this.bb!.__vector(this.bb_pos + offset), this.bb!.__vector_len(this.bb_pos + offset)) : null;
}

static startHeartbeatReply(builder:flatbuffers.Builder) {
  builder.startObject(1);
}

static addPayload(builder:flatbuffers.Builder, payloadOffset:flatbuffers.Offset) {
  builder.addFieldOffset(0, payloadOffset, 0);
}

static createPayloadVector(builder:flatbuffers.Builder, data:number[]|Uint8Array):flatbuffers.Offset {
  builder.startVector(1, data.length, 1);
  for (let i = data.length - 1; i >= 0; i--) {
    builder.addInt8(data[i]!);
  }
  return builder.endVector();
}

static startPayloadVector(builder:flatbuffers.Builder, numElems:number) {
  builder.startVector(1, numElems, 1);
}

static endHeartbeatReply(builder:flatbuffers.Builder):flatbuffers.Offset {
  const offset = builder.endObject();
  return offset;
}

static createHeartbeatReply(builder:flatbuffers.Builder, payloadOffset:flatbuffers.Offset):flatbuffers.Offset {
  HeartbeatReply.startHeartbeatReply(builder);
  HeartbeatReply.addPayload(builder, payloadOffset);
  return HeartbeatReply.endHeartbeatReply(builder);
}
}

export class Heartbeat {
  bb: flatbuffers.ByteBuffer|null = null;
  bb_pos = 0;
  __init(i:number, bb:flatbuffers.ByteBuffer):Heartbeat {
  this.bb_pos = i;
  this.bb = bb;
  return this;
}

static getRootAsHeartbeat(bb:flatbuffers.ByteBuffer, obj?:Heartbeat):Heartbeat {
  return (obj || new Heartbeat()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

static getSizePrefixedRootAsHeartbeat(bb:flatbuffers.ByteBuffer, obj?:Heartbeat):Heartbeat {
  bb.setPosition(bb.position() + flatbuffers.SIZE_PREFIX_LENGTH);
  return (obj || new Heartbeat()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

resourceId():string|null
resourceId(optionalEncoding:flatbuffers.Encoding):string|Uint8Array|null
resourceId(optionalEncoding?:any):string|Uint8Array|null {
  const offset = this.bb!.__offset(this.bb_pos, 4);
  return offset ? this.bb!.__string(this.bb_pos + offset, optionalEncoding) : null;
}

payload(index: number):number|null {
  const offset = this.bb!.__offset(this.bb_pos, 6);
  return offset ? this.bb!.readUint8(this.bb!.__vector(this.bb_pos + offset) + index) : 0;
}

payloadLength():number {
  const offset = this.bb!.__offset(this.bb_pos, 6);
  return offset ? this.bb!.__vector_len(this.bb_pos + offset) : 0;
}

payloadArray():Uint8Array|null {
  const offset = this.bb!.__offset(this.bb_pos, 6);
  return offset ? new Uint8Array(this.bb!.bytes().buffer, this.bb!.bytes().byteOffset + this.bb!.__vector(this.bb_pos + offset), this.bb!.__vector_len(this.bb_pos + offset)) : null;
}

static startHeartbeat(builder:flatbuffers.Builder) {
  builder.startObject(2);
}

static addResourceId(builder:flatbuffers.Builder, resourceIdOffset:flatbuffers.Offset) {
  builder.addFieldOffset(0, resourceIdOffset, 0);
}

static addPayload(builder:flatbuffers.Builder, payloadOffset:flatbuffers.Offset) {
  builder.addFieldOffset(1, payloadOffset, 0);
}

static createPayloadVector(builder:flatbuffers.Builder, data:number[]|Uint8Array):flatbuffers.Offset {
  builder.startVector(1, data.length, 1);
  for (let i = data.length - 1; i >= 0; i--) {
    builder.addInt8(data[i]!);
  }
  return builder.endVector();
}

static startPayloadVector(builder:flatbuffers.Builder, numElems:number) {
  builder.startVector(1, numElems, 1);
}

static endHeartbeat(builder:flatbuffers.Builder):flatbuffers.Offset {
  const offset = builder.endObject();
  return offset;
}

static createHeartbeat(builder:flatbuffers.Builder, resourceIdOffset:flatbuffers.Offset, payloadOffset:flatbuffers.Offset):flatbuffers.Offset {
  Heartbeat.startHeartbeat(builder);
  Heartbeat.addResourceId(builder, resourceIdOffset);
  Heartbeat.addPayload(builder, payloadOffset);
  return Heartbeat.endHeartbeat(builder);
}
}

/**
 * First frame each way.
 */
export class Hello {
  bb: flatbuffers.ByteBuffer|null = null;
  bb_pos = 0;
  __init(i:number, bb:flatbuffers.ByteBuffer):Hello {
  this.bb_pos = i;
  this.bb = bb;
  return this;
}

static getRootAsHello(bb:flatbuffers.ByteBuffer, obj?:Hello):Hello {
  return (obj || new Hello()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

static getSizePrefixedRootAsHello(bb:flatbuffers.ByteBuffer, obj?:Hello):Hello {
  bb.setPosition(bb.position() + flatbuffers.SIZE_PREFIX_LENGTH);
  return (obj || new Hello()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

productVersion():string|null
productVersion(optionalEncoding:flatbuffers.Encoding):string|Uint8Array|null
productVersion(optionalEncoding?:any):string|Uint8Array|null {
  const offset = this.bb!.__offset(this.bb_pos, 4);
  return offset ? this.bb!.__string(this.bb_pos + offset, optionalEncoding) : null;
}

hostApiVersion():string|null
hostApiVersion(optionalEncoding:flatbuffers.Encoding):string|Uint8Array|null
hostApiVersion(optionalEncoding?:any):string|Uint8Array|null {
  const offset = this.bb!.__offset(this.bb_pos, 6);
  return offset ? this.bb!.__string(this.bb_pos + offset, optionalEncoding) : null;
}

/**
 * jobmanager, taskmanager or client.
 */
role():string|null
role(optionalEncoding:flatbuffers.Encoding):string|Uint8Array|null
role(optionalEncoding?:any):string|Uint8Array|null {
  const offset = this.bb!.__offset(this.bb_pos, 8);
  return offset ? this.bb!.__string(this.bb_pos + offset, optionalEncoding) : null;
}

resourceId():string|null
resourceId(optionalEncoding:flatbuffers.Encoding):string|Uint8Array|null
resourceId(optionalEncoding?:any):string|Uint8Array|null {
  const offset = this.bb!.__offset(this.bb_pos, 10);
  return offset ? this.bb!.__string(this.bb_pos + offset, optionalEncoding) : null;
}

/**
 * Where the sender listens; without a host it does not.
 */
host():string|null
host(optionalEncoding:flatbuffers.Encoding):string|Uint8Array|null
host(optionalEncoding?:any):string|Uint8Array|null {
  const offset = this.bb!.__offset(this.bb_pos, 12);
  return offset ? this.bb!.__string(this.bb_pos + offset, optionalEncoding) : null;
}

port():number {
  const offset = this.bb!.__offset(this.bb_pos, 14);
  return offset ? this.bb!.readUint16(this.bb_pos + offset) : 0;
}

/**
 * What the sender takes at most.
 */
maxFrameBytes():number {
  const offset = this.bb!.__offset(this.bb_pos, 16);
  return offset ? this.bb!.readUint32(this.bb_pos + offset) : 0;
}

static startHello(builder:flatbuffers.Builder) {
  builder.startObject(7);
}

static addProductVersion(builder:flatbuffers.Builder, productVersionOffset:flatbuffers.Offset) {
  builder.addFieldOffset(0, productVersionOffset, 0);
}

static addHostApiVersion(builder:flatbuffers.Builder, hostApiVersionOffset:flatbuffers.Offset) {
  builder.addFieldOffset(1, hostApiVersionOffset, 0);
}

static addRole(builder:flatbuffers.Builder, roleOffset:flatbuffers.Offset) {
  builder.addFieldOffset(2, roleOffset, 0);
}

static addResourceId(builder:flatbuffers.Builder, resourceIdOffset:flatbuffers.Offset) {
  builder.addFieldOffset(3, resourceIdOffset, 0);
}

static addHost(builder:flatbuffers.Builder, hostOffset:flatbuffers.Offset) {
  builder.addFieldOffset(4, hostOffset, 0);
}

static addPort(builder:flatbuffers.Builder, port:number) {
  builder.addFieldInt16(5, port, 0);
}

static addMaxFrameBytes(builder:flatbuffers.Builder, maxFrameBytes:number) {
  builder.addFieldInt32(6, maxFrameBytes, 0);
}

static endHello(builder:flatbuffers.Builder):flatbuffers.Offset {
  const offset = builder.endObject();
  return offset;
}

static createHello(builder:flatbuffers.Builder, productVersionOffset:flatbuffers.Offset, hostApiVersionOffset:flatbuffers.Offset, roleOffset:flatbuffers.Offset, resourceIdOffset:flatbuffers.Offset, hostOffset:flatbuffers.Offset, port:number, maxFrameBytes:number):flatbuffers.Offset {
  Hello.startHello(builder);
  Hello.addProductVersion(builder, productVersionOffset);
  Hello.addHostApiVersion(builder, hostApiVersionOffset);
  Hello.addRole(builder, roleOffset);
  Hello.addResourceId(builder, resourceIdOffset);
  Hello.addHost(builder, hostOffset);
  Hello.addPort(builder, port);
  Hello.addMaxFrameBytes(builder, maxFrameBytes);
  return Hello.endHello(builder);
}
}

export class JobEnded {
  bb: flatbuffers.ByteBuffer|null = null;
  bb_pos = 0;
  __init(i:number, bb:flatbuffers.ByteBuffer):JobEnded {
  this.bb_pos = i;
  this.bb = bb;
  return this;
}

static getRootAsJobEnded(bb:flatbuffers.ByteBuffer, obj?:JobEnded):JobEnded {
  return (obj || new JobEnded()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

static getSizePrefixedRootAsJobEnded(bb:flatbuffers.ByteBuffer, obj?:JobEnded):JobEnded {
  bb.setPosition(bb.position() + flatbuffers.SIZE_PREFIX_LENGTH);
  return (obj || new JobEnded()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

jobId():string|null
jobId(optionalEncoding:flatbuffers.Encoding):string|Uint8Array|null
jobId(optionalEncoding?:any):string|Uint8Array|null {
  const offset = this.bb!.__offset(this.bb_pos, 4);
  return offset ? this.bb!.__string(this.bb_pos + offset, optionalEncoding) : null;
}

static startJobEnded(builder:flatbuffers.Builder) {
  builder.startObject(1);
}

static addJobId(builder:flatbuffers.Builder, jobIdOffset:flatbuffers.Offset) {
  builder.addFieldOffset(0, jobIdOffset, 0);
}

static endJobEnded(builder:flatbuffers.Builder):flatbuffers.Offset {
  const offset = builder.endObject();
  return offset;
}

static createJobEnded(builder:flatbuffers.Builder, jobIdOffset:flatbuffers.Offset):flatbuffers.Offset {
  JobEnded.startJobEnded(builder);
  JobEnded.addJobId(builder, jobIdOffset);
  return JobEnded.endJobEnded(builder);
}
}

export enum MessageKind {
  NONE = 0,
  CALL = 1,
  REPLY = 2,

  /**
   * Answers a CALL that failed.
   */
  FAILURE = 3,

  /**
   * A call without an answer.
   */
  TELL = 4
}

export class OfferSlots {
  bb: flatbuffers.ByteBuffer|null = null;
  bb_pos = 0;
  __init(i:number, bb:flatbuffers.ByteBuffer):OfferSlots {
  this.bb_pos = i;
  this.bb = bb;
  return this;
}

static getRootAsOfferSlots(bb:flatbuffers.ByteBuffer, obj?:OfferSlots):OfferSlots {
  return (obj || new OfferSlots()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

static getSizePrefixedRootAsOfferSlots(bb:flatbuffers.ByteBuffer, obj?:OfferSlots):OfferSlots {
  bb.setPosition(bb.position() + flatbuffers.SIZE_PREFIX_LENGTH);
  return (obj || new OfferSlots()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

resourceId():string|null
resourceId(optionalEncoding:flatbuffers.Encoding):string|Uint8Array|null
resourceId(optionalEncoding?:any):string|Uint8Array|null {
  const offset = this.bb!.__offset(this.bb_pos, 4);
  return offset ? this.bb!.__string(this.bb_pos + offset, optionalEncoding) : null;
}

dataHost():string|null
dataHost(optionalEncoding:flatbuffers.Encoding):string|Uint8Array|null
dataHost(optionalEncoding?:any):string|Uint8Array|null {
  const offset = this.bb!.__offset(this.bb_pos, 6);
  return offset ? this.bb!.__string(this.bb_pos + offset, optionalEncoding) : null;
}

dataPort():number {
  const offset = this.bb!.__offset(this.bb_pos, 8);
  return offset ? this.bb!.readUint16(this.bb_pos + offset) : 0;
}

slots(index: number, obj?:SlotOffer):SlotOffer|null {
  const offset = this.bb!.__offset(this.bb_pos, 10);
  return offset ? (obj || new SlotOffer()).__init(this.bb!.__indirect(this.bb!.__vector(this.bb_pos + offset) + index * 4), this.bb!) : null;
}

slotsLength():number {
  const offset = this.bb!.__offset(this.bb_pos, 10);
  return offset ? this.bb!.__vector_len(this.bb_pos + offset) : 0;
}

static startOfferSlots(builder:flatbuffers.Builder) {
  builder.startObject(4);
}

static addResourceId(builder:flatbuffers.Builder, resourceIdOffset:flatbuffers.Offset) {
  builder.addFieldOffset(0, resourceIdOffset, 0);
}

static addDataHost(builder:flatbuffers.Builder, dataHostOffset:flatbuffers.Offset) {
  builder.addFieldOffset(1, dataHostOffset, 0);
}

static addDataPort(builder:flatbuffers.Builder, dataPort:number) {
  builder.addFieldInt16(2, dataPort, 0);
}

static addSlots(builder:flatbuffers.Builder, slotsOffset:flatbuffers.Offset) {
  builder.addFieldOffset(3, slotsOffset, 0);
}

static createSlotsVector(builder:flatbuffers.Builder, data:flatbuffers.Offset[]):flatbuffers.Offset {
  builder.startVector(4, data.length, 4);
  for (let i = data.length - 1; i >= 0; i--) {
    builder.addOffset(data[i]!);
  }
  return builder.endVector();
}

static startSlotsVector(builder:flatbuffers.Builder, numElems:number) {
  builder.startVector(4, numElems, 4);
}

static endOfferSlots(builder:flatbuffers.Builder):flatbuffers.Offset {
  const offset = builder.endObject();
  return offset;
}

static createOfferSlots(builder:flatbuffers.Builder, resourceIdOffset:flatbuffers.Offset, dataHostOffset:flatbuffers.Offset, dataPort:number, slotsOffset:flatbuffers.Offset):flatbuffers.Offset {
  OfferSlots.startOfferSlots(builder);
  OfferSlots.addResourceId(builder, resourceIdOffset);
  OfferSlots.addDataHost(builder, dataHostOffset);
  OfferSlots.addDataPort(builder, dataPort);
  OfferSlots.addSlots(builder, slotsOffset);
  return OfferSlots.endOfferSlots(builder);
}
}

export class RegisterTaskManager {
  bb: flatbuffers.ByteBuffer|null = null;
  bb_pos = 0;
  __init(i:number, bb:flatbuffers.ByteBuffer):RegisterTaskManager {
  this.bb_pos = i;
  this.bb = bb;
  return this;
}

static getRootAsRegisterTaskManager(bb:flatbuffers.ByteBuffer, obj?:RegisterTaskManager):RegisterTaskManager {
  return (obj || new RegisterTaskManager()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

static getSizePrefixedRootAsRegisterTaskManager(bb:flatbuffers.ByteBuffer, obj?:RegisterTaskManager):RegisterTaskManager {
  bb.setPosition(bb.position() + flatbuffers.SIZE_PREFIX_LENGTH);
  return (obj || new RegisterTaskManager()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

resourceId():string|null
resourceId(optionalEncoding:flatbuffers.Encoding):string|Uint8Array|null
resourceId(optionalEncoding?:any):string|Uint8Array|null {
  const offset = this.bb!.__offset(this.bb_pos, 4);
  return offset ? this.bb!.__string(this.bb_pos + offset, optionalEncoding) : null;
}

instanceId():string|null
instanceId(optionalEncoding:flatbuffers.Encoding):string|Uint8Array|null
instanceId(optionalEncoding?:any):string|Uint8Array|null {
  const offset = this.bb!.__offset(this.bb_pos, 6);
  return offset ? this.bb!.__string(this.bb_pos + offset, optionalEncoding) : null;
}

dataHost():string|null
dataHost(optionalEncoding:flatbuffers.Encoding):string|Uint8Array|null
dataHost(optionalEncoding?:any):string|Uint8Array|null {
  const offset = this.bb!.__offset(this.bb_pos, 8);
  return offset ? this.bb!.__string(this.bb_pos + offset, optionalEncoding) : null;
}

dataPort():number {
  const offset = this.bb!.__offset(this.bb_pos, 10);
  return offset ? this.bb!.readUint16(this.bb_pos + offset) : 0;
}

pid():number {
  const offset = this.bb!.__offset(this.bb_pos, 12);
  return offset ? this.bb!.readUint32(this.bb_pos + offset) : 0;
}

hostname():string|null
hostname(optionalEncoding:flatbuffers.Encoding):string|Uint8Array|null
hostname(optionalEncoding?:any):string|Uint8Array|null {
  const offset = this.bb!.__offset(this.bb_pos, 14);
  return offset ? this.bb!.__string(this.bb_pos + offset, optionalEncoding) : null;
}

slots(index: number, obj?:SlotStatus):SlotStatus|null {
  const offset = this.bb!.__offset(this.bb_pos, 16);
  return offset ? (obj || new SlotStatus()).__init(this.bb!.__indirect(this.bb!.__vector(this.bb_pos + offset) + index * 4), this.bb!) : null;
}

slotsLength():number {
  const offset = this.bb!.__offset(this.bb_pos, 16);
  return offset ? this.bb!.__vector_len(this.bb_pos + offset) : 0;
}

/**
 * SlotProfile.
 */
slotProfile(index: number):number|null {
  const offset = this.bb!.__offset(this.bb_pos, 18);
  return offset ? this.bb!.readUint8(this.bb!.__vector(this.bb_pos + offset) + index) : 0;
}

slotProfileLength():number {
  const offset = this.bb!.__offset(this.bb_pos, 18);
  return offset ? this.bb!.__vector_len(this.bb_pos + offset) : 0;
}

slotProfileArray():Uint8Array|null {
  const offset = this.bb!.__offset(this.bb_pos, 18);
  return offset ? new Uint8Array(this.bb!.bytes().buffer, this.bb!.bytes().byteOffset + this.bb!.__vector(this.bb_pos + offset), this.bb!.__vector_len(this.bb_pos + offset)) : null;
}

cpuCores():number {
  const offset = this.bb!.__offset(this.bb_pos, 20);
  return offset ? this.bb!.readFloat64(this.bb_pos + offset) : 0.0;
}

physicalMemoryBytes():number {
  const offset = this.bb!.__offset(this.bb_pos, 22);
  return offset ? this.bb!.readFloat64(this.bb_pos + offset) : 0.0;
}

heapBytes():number {
  const offset = this.bb!.__offset(this.bb_pos, 24);
  return offset ? this.bb!.readFloat64(this.bb_pos + offset) : 0.0;
}

managedBytes():number {
  const offset = this.bb!.__offset(this.bb_pos, 26);
  return offset ? this.bb!.readFloat64(this.bb_pos + offset) : 0.0;
}

networkBytes():number {
  const offset = this.bb!.__offset(this.bb_pos, 28);
  return offset ? this.bb!.readFloat64(this.bb_pos + offset) : 0.0;
}

static startRegisterTaskManager(builder:flatbuffers.Builder) {
  builder.startObject(13);
}

static addResourceId(builder:flatbuffers.Builder, resourceIdOffset:flatbuffers.Offset) {
  builder.addFieldOffset(0, resourceIdOffset, 0);
}

static addInstanceId(builder:flatbuffers.Builder, instanceIdOffset:flatbuffers.Offset) {
  builder.addFieldOffset(1, instanceIdOffset, 0);
}

static addDataHost(builder:flatbuffers.Builder, dataHostOffset:flatbuffers.Offset) {
  builder.addFieldOffset(2, dataHostOffset, 0);
}

static addDataPort(builder:flatbuffers.Builder, dataPort:number) {
  builder.addFieldInt16(3, dataPort, 0);
}

static addPid(builder:flatbuffers.Builder, pid:number) {
  builder.addFieldInt32(4, pid, 0);
}

static addHostname(builder:flatbuffers.Builder, hostnameOffset:flatbuffers.Offset) {
  builder.addFieldOffset(5, hostnameOffset, 0);
}

static addSlots(builder:flatbuffers.Builder, slotsOffset:flatbuffers.Offset) {
  builder.addFieldOffset(6, slotsOffset, 0);
}

static createSlotsVector(builder:flatbuffers.Builder, data:flatbuffers.Offset[]):flatbuffers.Offset {
  builder.startVector(4, data.length, 4);
  for (let i = data.length - 1; i >= 0; i--) {
    builder.addOffset(data[i]!);
  }
  return builder.endVector();
}

static startSlotsVector(builder:flatbuffers.Builder, numElems:number) {
  builder.startVector(4, numElems, 4);
}

static addSlotProfile(builder:flatbuffers.Builder, slotProfileOffset:flatbuffers.Offset) {
  builder.addFieldOffset(7, slotProfileOffset, 0);
}

static createSlotProfileVector(builder:flatbuffers.Builder, data:number[]|Uint8Array):flatbuffers.Offset {
  builder.startVector(1, data.length, 1);
  for (let i = data.length - 1; i >= 0; i--) {
    builder.addInt8(data[i]!);
  }
  return builder.endVector();
}

static startSlotProfileVector(builder:flatbuffers.Builder, numElems:number) {
  builder.startVector(1, numElems, 1);
}

static addCpuCores(builder:flatbuffers.Builder, cpuCores:number) {
  builder.addFieldFloat64(8, cpuCores, 0.0);
}

static addPhysicalMemoryBytes(builder:flatbuffers.Builder, physicalMemoryBytes:number) {
  builder.addFieldFloat64(9, physicalMemoryBytes, 0.0);
}

static addHeapBytes(builder:flatbuffers.Builder, heapBytes:number) {
  builder.addFieldFloat64(10, heapBytes, 0.0);
}

static addManagedBytes(builder:flatbuffers.Builder, managedBytes:number) {
  builder.addFieldFloat64(11, managedBytes, 0.0);
}

static addNetworkBytes(builder:flatbuffers.Builder, networkBytes:number) {
  builder.addFieldFloat64(12, networkBytes, 0.0);
}

static endRegisterTaskManager(builder:flatbuffers.Builder):flatbuffers.Offset {
  const offset = builder.endObject();
  return offset;
}

static createRegisterTaskManager(builder:flatbuffers.Builder, resourceIdOffset:flatbuffers.Offset, instanceIdOffset:flatbuffers.Offset, dataHostOffset:flatbuffers.Offset, dataPort:number, pid:number, hostnameOffset:flatbuffers.Offset, slotsOffset:flatbuffers.Offset, slotProfileOffset:flatbuffers.Offset, cpuCores:number, physicalMemoryBytes:number, heapBytes:number, managedBytes:number, networkBytes:number):flatbuffers.Offset {
  RegisterTaskManager.startRegisterTaskManager(builder);
  RegisterTaskManager.addResourceId(builder, resourceIdOffset);
  RegisterTaskManager.addInstanceId(builder, instanceIdOffset);
  RegisterTaskManager.addDataHost(builder, dataHostOffset);
  RegisterTaskManager.addDataPort(builder, dataPort);
  RegisterTaskManager.addPid(builder, pid);
  RegisterTaskManager.addHostname(builder, hostnameOffset);
  RegisterTaskManager.addSlots(builder, slotsOffset);
  RegisterTaskManager.addSlotProfile(builder, slotProfileOffset);
  RegisterTaskManager.addCpuCores(builder, cpuCores);
  RegisterTaskManager.addPhysicalMemoryBytes(builder, physicalMemoryBytes);
  RegisterTaskManager.addHeapBytes(builder, heapBytes);
  RegisterTaskManager.addManagedBytes(builder, managedBytes);
  RegisterTaskManager.addNetworkBytes(builder, networkBytes);
  return RegisterTaskManager.endRegisterTaskManager(builder);
}
}

export class Registration {
  bb: flatbuffers.ByteBuffer|null = null;
  bb_pos = 0;
  __init(i:number, bb:flatbuffers.ByteBuffer):Registration {
  this.bb_pos = i;
  this.bb = bb;
  return this;
}

static getRootAsRegistration(bb:flatbuffers.ByteBuffer, obj?:Registration):Registration {
  return (obj || new Registration()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

static getSizePrefixedRootAsRegistration(bb:flatbuffers.ByteBuffer, obj?:Registration):Registration {
  bb.setPosition(bb.position() + flatbuffers.SIZE_PREFIX_LENGTH);
  return (obj || new Registration()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

accepted():boolean {
  const offset = this.bb!.__offset(this.bb_pos, 4);
  return offset ? !!this.bb!.readInt8(this.bb_pos + offset) : false;
}

fencingToken():string|null
fencingToken(optionalEncoding:flatbuffers.Encoding):string|Uint8Array|null
fencingToken(optionalEncoding?:any):string|Uint8Array|null {
  const offset = this.bb!.__offset(this.bb_pos, 6);
  return offset ? this.bb!.__string(this.bb_pos + offset, optionalEncoding) : null;
}

heartbeatIntervalMs():number {
  const offset = this.bb!.__offset(this.bb_pos, 8);
  return offset ? this.bb!.readFloat64(this.bb_pos + offset) : 0.0;
}

heartbeatTimeoutMs():number {
  const offset = this.bb!.__offset(this.bb_pos, 10);
  return offset ? this.bb!.readFloat64(this.bb_pos + offset) : 0.0;
}

reason():string|null
reason(optionalEncoding:flatbuffers.Encoding):string|Uint8Array|null
reason(optionalEncoding?:any):string|Uint8Array|null {
  const offset = this.bb!.__offset(this.bb_pos, 12);
  return offset ? this.bb!.__string(this.bb_pos + offset, optionalEncoding) : null;
}

static startRegistration(builder:flatbuffers.Builder) {
  builder.startObject(5);
}

static addAccepted(builder:flatbuffers.Builder, accepted:boolean) {
  builder.addFieldInt8(0, +accepted, +false);
}

static addFencingToken(builder:flatbuffers.Builder, fencingTokenOffset:flatbuffers.Offset) {
  builder.addFieldOffset(1, fencingTokenOffset, 0);
}

static addHeartbeatIntervalMs(builder:flatbuffers.Builder, heartbeatIntervalMs:number) {
  builder.addFieldFloat64(2, heartbeatIntervalMs, 0.0);
}

static addHeartbeatTimeoutMs(builder:flatbuffers.Builder, heartbeatTimeoutMs:number) {
  builder.addFieldFloat64(3, heartbeatTimeoutMs, 0.0);
}

static addReason(builder:flatbuffers.Builder, reasonOffset:flatbuffers.Offset) {
  builder.addFieldOffset(4, reasonOffset, 0);
}

static endRegistration(builder:flatbuffers.Builder):flatbuffers.Offset {
  const offset = builder.endObject();
  return offset;
}

static createRegistration(builder:flatbuffers.Builder, accepted:boolean, fencingTokenOffset:flatbuffers.Offset, heartbeatIntervalMs:number, heartbeatTimeoutMs:number, reasonOffset:flatbuffers.Offset):flatbuffers.Offset {
  Registration.startRegistration(builder);
  Registration.addAccepted(builder, accepted);
  Registration.addFencingToken(builder, fencingTokenOffset);
  Registration.addHeartbeatIntervalMs(builder, heartbeatIntervalMs);
  Registration.addHeartbeatTimeoutMs(builder, heartbeatTimeoutMs);
  Registration.addReason(builder, reasonOffset);
  return Registration.endRegistration(builder);
}
}

export class RequestSlot {
  bb: flatbuffers.ByteBuffer|null = null;
  bb_pos = 0;
  __init(i:number, bb:flatbuffers.ByteBuffer):RequestSlot {
  this.bb_pos = i;
  this.bb = bb;
  return this;
}

static getRootAsRequestSlot(bb:flatbuffers.ByteBuffer, obj?:RequestSlot):RequestSlot {
  return (obj || new RequestSlot()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

static getSizePrefixedRootAsRequestSlot(bb:flatbuffers.ByteBuffer, obj?:RequestSlot):RequestSlot {
  bb.setPosition(bb.position() + flatbuffers.SIZE_PREFIX_LENGTH);
  return (obj || new RequestSlot()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

slotIndex():number {
  const offset = this.bb!.__offset(this.bb_pos, 4);
  return offset ? this.bb!.readUint32(this.bb_pos + offset) : 0;
}

jobId():string|null
jobId(optionalEncoding:flatbuffers.Encoding):string|Uint8Array|null
jobId(optionalEncoding?:any):string|Uint8Array|null {
  const offset = this.bb!.__offset(this.bb_pos, 6);
  return offset ? this.bb!.__string(this.bb_pos + offset, optionalEncoding) : null;
}

allocationId():string|null
allocationId(optionalEncoding:flatbuffers.Encoding):string|Uint8Array|null
allocationId(optionalEncoding?:any):string|Uint8Array|null {
  const offset = this.bb!.__offset(this.bb_pos, 8);
  return offset ? this.bb!.__string(this.bb_pos + offset, optionalEncoding) : null;
}

jobMasterToken():string|null
jobMasterToken(optionalEncoding:flatbuffers.Encoding):string|Uint8Array|null
jobMasterToken(optionalEncoding?:any):string|Uint8Array|null {
  const offset = this.bb!.__offset(this.bb_pos, 10);
  return offset ? this.bb!.__string(this.bb_pos + offset, optionalEncoding) : null;
}

/**
 * SlotProfile.
 */
profile(index: number):number|null {
  const offset = this.bb!.__offset(this.bb_pos, 12);
  return offset ? this.bb!.readUint8(this.bb!.__vector(this.bb_pos + offset) + index) : 0;
}

profileLength():number {
  const offset = this.bb!.__offset(this.bb_pos, 12);
  return offset ? this.bb!.__vector_len(this.bb_pos + offset) : 0;
}

profileArray():Uint8Array|null {
  const offset = this.bb!.__offset(this.bb_pos, 12);
  return offset ? new Uint8Array(this.bb!.bytes().buffer, this.bb!.bytes().byteOffset + this.bb!.__vector(this.bb_pos + offset), this.bb!.__vector_len(this.bb_pos + offset)) : null;
}

static startRequestSlot(builder:flatbuffers.Builder) {
  builder.startObject(5);
}

static addSlotIndex(builder:flatbuffers.Builder, slotIndex:number) {
  builder.addFieldInt32(0, slotIndex, 0);
}

static addJobId(builder:flatbuffers.Builder, jobIdOffset:flatbuffers.Offset) {
  builder.addFieldOffset(1, jobIdOffset, 0);
}

static addAllocationId(builder:flatbuffers.Builder, allocationIdOffset:flatbuffers.Offset) {
  builder.addFieldOffset(2, allocationIdOffset, 0);
}

static addJobMasterToken(builder:flatbuffers.Builder, jobMasterTokenOffset:flatbuffers.Offset) {
  builder.addFieldOffset(3, jobMasterTokenOffset, 0);
}

static addProfile(builder:flatbuffers.Builder, profileOffset:flatbuffers.Offset) {
  builder.addFieldOffset(4, profileOffset, 0);
}

static createProfileVector(builder:flatbuffers.Builder, data:number[]|Uint8Array):flatbuffers.Offset {
  builder.startVector(1, data.length, 1);
  for (let i = data.length - 1; i >= 0; i--) {
    builder.addInt8(data[i]!);
  }
  return builder.endVector();
}

static startProfileVector(builder:flatbuffers.Builder, numElems:number) {
  builder.startVector(1, numElems, 1);
}

static endRequestSlot(builder:flatbuffers.Builder):flatbuffers.Offset {
  const offset = builder.endObject();
  return offset;
}

static createRequestSlot(builder:flatbuffers.Builder, slotIndex:number, jobIdOffset:flatbuffers.Offset, allocationIdOffset:flatbuffers.Offset, jobMasterTokenOffset:flatbuffers.Offset, profileOffset:flatbuffers.Offset):flatbuffers.Offset {
  RequestSlot.startRequestSlot(builder);
  RequestSlot.addSlotIndex(builder, slotIndex);
  RequestSlot.addJobId(builder, jobIdOffset);
  RequestSlot.addAllocationId(builder, allocationIdOffset);
  RequestSlot.addJobMasterToken(builder, jobMasterTokenOffset);
  RequestSlot.addProfile(builder, profileOffset);
  return RequestSlot.endRequestSlot(builder);
}
}

/**
 * Failure: the handshake is refused, or the sender ends the connection because of it.
 */
export enum SessionBody {
  NONE = 0,
  Hello = 1,
  Goodbye = 2,
  Failure = 3
}

export function unionToSessionBody(
  type: SessionBody,
  accessor: (obj:Failure|Goodbye|Hello) => Failure|Goodbye|Hello|null
): Failure|Goodbye|Hello|null {
  switch(SessionBody[type]) {
    case 'NONE': return null; 
    case 'Hello': return accessor(new Hello())! as Hello;
    case 'Goodbye': return accessor(new Goodbye())! as Goodbye;
    case 'Failure': return accessor(new Failure())! as Failure;
    default: return null;
  }
}

export function unionListToSessionBody(
  type: SessionBody, 
  accessor: (index: number, obj:Failure|Goodbye|Hello) => Failure|Goodbye|Hello|null, 
  index: number
): Failure|Goodbye|Hello|null {
  switch(SessionBody[type]) {
    case 'NONE': return null; 
    case 'Hello': return accessor(index, new Hello())! as Hello;
    case 'Goodbye': return accessor(index, new Goodbye())! as Goodbye;
    case 'Failure': return accessor(index, new Failure())! as Failure;
    default: return null;
  }
}

export class Session {
  bb: flatbuffers.ByteBuffer|null = null;
  bb_pos = 0;
  __init(i:number, bb:flatbuffers.ByteBuffer):Session {
  this.bb_pos = i;
  this.bb = bb;
  return this;
}

static getRootAsSession(bb:flatbuffers.ByteBuffer, obj?:Session):Session {
  return (obj || new Session()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

static getSizePrefixedRootAsSession(bb:flatbuffers.ByteBuffer, obj?:Session):Session {
  bb.setPosition(bb.position() + flatbuffers.SIZE_PREFIX_LENGTH);
  return (obj || new Session()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

static bufferHasIdentifier(bb:flatbuffers.ByteBuffer):boolean {
  return bb.__has_identifier('TSFS');
}

/**
 * Of the wire; read first.
 */
version():number {
  const offset = this.bb!.__offset(this.bb_pos, 4);
  return offset ? this.bb!.readUint16(this.bb_pos + offset) : 0;
}

bodyType():SessionBody {
  const offset = this.bb!.__offset(this.bb_pos, 6);
  return offset ? this.bb!.readUint8(this.bb_pos + offset) : SessionBody.NONE;
}

body<T extends flatbuffers.Table>(obj:any):any|null {
  const offset = this.bb!.__offset(this.bb_pos, 8);
  return offset ? this.bb!.__union(obj, this.bb_pos + offset) : null;
}

static startSession(builder:flatbuffers.Builder) {
  builder.startObject(3);
}

static addVersion(builder:flatbuffers.Builder, version:number) {
  builder.addFieldInt16(0, version, 0);
}

static addBodyType(builder:flatbuffers.Builder, bodyType:SessionBody) {
  builder.addFieldInt8(1, bodyType, SessionBody.NONE);
}

static addBody(builder:flatbuffers.Builder, bodyOffset:flatbuffers.Offset) {
  builder.addFieldOffset(2, bodyOffset, 0);
}

static endSession(builder:flatbuffers.Builder):flatbuffers.Offset {
  const offset = builder.endObject();
  return offset;
}

static finishSessionBuffer(builder:flatbuffers.Builder, offset:flatbuffers.Offset) {
  builder.finish(offset, 'TSFS');
}

static finishSizePrefixedSessionBuffer(builder:flatbuffers.Builder, offset:flatbuffers.Offset) {
  builder.finish(offset, 'TSFS', true);
}

static createSession(builder:flatbuffers.Builder, version:number, bodyType:SessionBody, bodyOffset:flatbuffers.Offset):flatbuffers.Offset {
  Session.startSession(builder);
  Session.addVersion(builder, version);
  Session.addBodyType(builder, bodyType);
  Session.addBody(builder, bodyOffset);
  return Session.endSession(builder);
}
}

export class SlotEnded {
  bb: flatbuffers.ByteBuffer|null = null;
  bb_pos = 0;
  __init(i:number, bb:flatbuffers.ByteBuffer):SlotEnded {
  this.bb_pos = i;
  this.bb = bb;
  return this;
}

static getRootAsSlotEnded(bb:flatbuffers.ByteBuffer, obj?:SlotEnded):SlotEnded {
  return (obj || new SlotEnded()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

static getSizePrefixedRootAsSlotEnded(bb:flatbuffers.ByteBuffer, obj?:SlotEnded):SlotEnded {
  bb.setPosition(bb.position() + flatbuffers.SIZE_PREFIX_LENGTH);
  return (obj || new SlotEnded()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

slotKey():string|null
slotKey(optionalEncoding:flatbuffers.Encoding):string|Uint8Array|null
slotKey(optionalEncoding?:any):string|Uint8Array|null {
  const offset = this.bb!.__offset(this.bb_pos, 4);
  return offset ? this.bb!.__string(this.bb_pos + offset, optionalEncoding) : null;
}

/**
 * stopped, failed or stuck.
 */
kind():string|null
kind(optionalEncoding:flatbuffers.Encoding):string|Uint8Array|null
kind(optionalEncoding?:any):string|Uint8Array|null {
  const offset = this.bb!.__offset(this.bb_pos, 6);
  return offset ? this.bb!.__string(this.bb_pos + offset, optionalEncoding) : null;
}

/**
 * TransferredError.
 */
error(index: number):number|null {
  const offset = this.bb!.__offset(this.bb_pos, 8);
  return offset ? this.bb!.readUint8(this.bb!.__vector(this.bb_pos + offset) + index) : 0;
}

errorLength():number {
  const offset = this.bb!.__offset(this.bb_pos, 8);
  return offset ? this.bb!.__vector_len(this.bb_pos + offset) : 0;
}

errorArray():Uint8Array|null {
  const offset = this.bb!.__offset(this.bb_pos, 8);
  return offset ? new Uint8Array(this.bb!.bytes().buffer, this.bb!.bytes().byteOffset + this.bb!.__vector(this.bb_pos + offset), this.bb!.__vector_len(this.bb_pos + offset)) : null;
}

static startSlotEnded(builder:flatbuffers.Builder) {
  builder.startObject(3);
}

static addSlotKey(builder:flatbuffers.Builder, slotKeyOffset:flatbuffers.Offset) {
  builder.addFieldOffset(0, slotKeyOffset, 0);
}

static addKind(builder:flatbuffers.Builder, kindOffset:flatbuffers.Offset) {
  builder.addFieldOffset(1, kindOffset, 0);
}

static addError(builder:flatbuffers.Builder, errorOffset:flatbuffers.Offset) {
  builder.addFieldOffset(2, errorOffset, 0);
}

static createErrorVector(builder:flatbuffers.Builder, data:number[]|Uint8Array):flatbuffers.Offset {
  builder.startVector(1, data.length, 1);
  for (let i = data.length - 1; i >= 0; i--) {
    builder.addInt8(data[i]!);
  }
  return builder.endVector();
}

static startErrorVector(builder:flatbuffers.Builder, numElems:number) {
  builder.startVector(1, numElems, 1);
}

static endSlotEnded(builder:flatbuffers.Builder):flatbuffers.Offset {
  const offset = builder.endObject();
  return offset;
}

static createSlotEnded(builder:flatbuffers.Builder, slotKeyOffset:flatbuffers.Offset, kindOffset:flatbuffers.Offset, errorOffset:flatbuffers.Offset):flatbuffers.Offset {
  SlotEnded.startSlotEnded(builder);
  SlotEnded.addSlotKey(builder, slotKeyOffset);
  SlotEnded.addKind(builder, kindOffset);
  SlotEnded.addError(builder, errorOffset);
  return SlotEnded.endSlotEnded(builder);
}
}

export class SlotFreed {
  bb: flatbuffers.ByteBuffer|null = null;
  bb_pos = 0;
  __init(i:number, bb:flatbuffers.ByteBuffer):SlotFreed {
  this.bb_pos = i;
  this.bb = bb;
  return this;
}

static getRootAsSlotFreed(bb:flatbuffers.ByteBuffer, obj?:SlotFreed):SlotFreed {
  return (obj || new SlotFreed()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

static getSizePrefixedRootAsSlotFreed(bb:flatbuffers.ByteBuffer, obj?:SlotFreed):SlotFreed {
  bb.setPosition(bb.position() + flatbuffers.SIZE_PREFIX_LENGTH);
  return (obj || new SlotFreed()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

resourceId():string|null
resourceId(optionalEncoding:flatbuffers.Encoding):string|Uint8Array|null
resourceId(optionalEncoding?:any):string|Uint8Array|null {
  const offset = this.bb!.__offset(this.bb_pos, 4);
  return offset ? this.bb!.__string(this.bb_pos + offset, optionalEncoding) : null;
}

slotIndex():number {
  const offset = this.bb!.__offset(this.bb_pos, 6);
  return offset ? this.bb!.readUint32(this.bb_pos + offset) : 0;
}

allocationId():string|null
allocationId(optionalEncoding:flatbuffers.Encoding):string|Uint8Array|null
allocationId(optionalEncoding?:any):string|Uint8Array|null {
  const offset = this.bb!.__offset(this.bb_pos, 8);
  return offset ? this.bb!.__string(this.bb_pos + offset, optionalEncoding) : null;
}

static startSlotFreed(builder:flatbuffers.Builder) {
  builder.startObject(3);
}

static addResourceId(builder:flatbuffers.Builder, resourceIdOffset:flatbuffers.Offset) {
  builder.addFieldOffset(0, resourceIdOffset, 0);
}

static addSlotIndex(builder:flatbuffers.Builder, slotIndex:number) {
  builder.addFieldInt32(1, slotIndex, 0);
}

static addAllocationId(builder:flatbuffers.Builder, allocationIdOffset:flatbuffers.Offset) {
  builder.addFieldOffset(2, allocationIdOffset, 0);
}

static endSlotFreed(builder:flatbuffers.Builder):flatbuffers.Offset {
  const offset = builder.endObject();
  return offset;
}

static createSlotFreed(builder:flatbuffers.Builder, resourceIdOffset:flatbuffers.Offset, slotIndex:number, allocationIdOffset:flatbuffers.Offset):flatbuffers.Offset {
  SlotFreed.startSlotFreed(builder);
  SlotFreed.addResourceId(builder, resourceIdOffset);
  SlotFreed.addSlotIndex(builder, slotIndex);
  SlotFreed.addAllocationId(builder, allocationIdOffset);
  return SlotFreed.endSlotFreed(builder);
}
}

export class SlotLink {
  bb: flatbuffers.ByteBuffer|null = null;
  bb_pos = 0;
  __init(i:number, bb:flatbuffers.ByteBuffer):SlotLink {
  this.bb_pos = i;
  this.bb = bb;
  return this;
}

static getRootAsSlotLink(bb:flatbuffers.ByteBuffer, obj?:SlotLink):SlotLink {
  return (obj || new SlotLink()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

static getSizePrefixedRootAsSlotLink(bb:flatbuffers.ByteBuffer, obj?:SlotLink):SlotLink {
  bb.setPosition(bb.position() + flatbuffers.SIZE_PREFIX_LENGTH);
  return (obj || new SlotLink()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

peerSlot():number {
  const offset = this.bb!.__offset(this.bb_pos, 4);
  return offset ? this.bb!.readUint32(this.bb_pos + offset) : 0;
}

peerKey():string|null
peerKey(optionalEncoding:flatbuffers.Encoding):string|Uint8Array|null
peerKey(optionalEncoding?:any):string|Uint8Array|null {
  const offset = this.bb!.__offset(this.bb_pos, 6);
  return offset ? this.bb!.__string(this.bb_pos + offset, optionalEncoding) : null;
}

channels():number {
  const offset = this.bb!.__offset(this.bb_pos, 8);
  return offset ? this.bb!.readUint32(this.bb_pos + offset) : 0;
}

/**
 * Where the other TaskManager takes data connections; without a host it is the same TaskManager.
 */
peerHost():string|null
peerHost(optionalEncoding:flatbuffers.Encoding):string|Uint8Array|null
peerHost(optionalEncoding?:any):string|Uint8Array|null {
  const offset = this.bb!.__offset(this.bb_pos, 10);
  return offset ? this.bb!.__string(this.bb_pos + offset, optionalEncoding) : null;
}

peerPort():number {
  const offset = this.bb!.__offset(this.bb_pos, 12);
  return offset ? this.bb!.readUint16(this.bb_pos + offset) : 0;
}

static startSlotLink(builder:flatbuffers.Builder) {
  builder.startObject(5);
}

static addPeerSlot(builder:flatbuffers.Builder, peerSlot:number) {
  builder.addFieldInt32(0, peerSlot, 0);
}

static addPeerKey(builder:flatbuffers.Builder, peerKeyOffset:flatbuffers.Offset) {
  builder.addFieldOffset(1, peerKeyOffset, 0);
}

static addChannels(builder:flatbuffers.Builder, channels:number) {
  builder.addFieldInt32(2, channels, 0);
}

static addPeerHost(builder:flatbuffers.Builder, peerHostOffset:flatbuffers.Offset) {
  builder.addFieldOffset(3, peerHostOffset, 0);
}

static addPeerPort(builder:flatbuffers.Builder, peerPort:number) {
  builder.addFieldInt16(4, peerPort, 0);
}

static endSlotLink(builder:flatbuffers.Builder):flatbuffers.Offset {
  const offset = builder.endObject();
  return offset;
}

static createSlotLink(builder:flatbuffers.Builder, peerSlot:number, peerKeyOffset:flatbuffers.Offset, channels:number, peerHostOffset:flatbuffers.Offset, peerPort:number):flatbuffers.Offset {
  SlotLink.startSlotLink(builder);
  SlotLink.addPeerSlot(builder, peerSlot);
  SlotLink.addPeerKey(builder, peerKeyOffset);
  SlotLink.addChannels(builder, channels);
  SlotLink.addPeerHost(builder, peerHostOffset);
  SlotLink.addPeerPort(builder, peerPort);
  return SlotLink.endSlotLink(builder);
}
}

export class SlotOffer {
  bb: flatbuffers.ByteBuffer|null = null;
  bb_pos = 0;
  __init(i:number, bb:flatbuffers.ByteBuffer):SlotOffer {
  this.bb_pos = i;
  this.bb = bb;
  return this;
}

static getRootAsSlotOffer(bb:flatbuffers.ByteBuffer, obj?:SlotOffer):SlotOffer {
  return (obj || new SlotOffer()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

static getSizePrefixedRootAsSlotOffer(bb:flatbuffers.ByteBuffer, obj?:SlotOffer):SlotOffer {
  bb.setPosition(bb.position() + flatbuffers.SIZE_PREFIX_LENGTH);
  return (obj || new SlotOffer()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

slotIndex():number {
  const offset = this.bb!.__offset(this.bb_pos, 4);
  return offset ? this.bb!.readUint32(this.bb_pos + offset) : 0;
}

allocationId():string|null
allocationId(optionalEncoding:flatbuffers.Encoding):string|Uint8Array|null
allocationId(optionalEncoding?:any):string|Uint8Array|null {
  const offset = this.bb!.__offset(this.bb_pos, 6);
  return offset ? this.bb!.__string(this.bb_pos + offset, optionalEncoding) : null;
}

/**
 * SlotProfile.
 */
profile(index: number):number|null {
  const offset = this.bb!.__offset(this.bb_pos, 8);
  return offset ? this.bb!.readUint8(this.bb!.__vector(this.bb_pos + offset) + index) : 0;
}

profileLength():number {
  const offset = this.bb!.__offset(this.bb_pos, 8);
  return offset ? this.bb!.__vector_len(this.bb_pos + offset) : 0;
}

profileArray():Uint8Array|null {
  const offset = this.bb!.__offset(this.bb_pos, 8);
  return offset ? new Uint8Array(this.bb!.bytes().buffer, this.bb!.bytes().byteOffset + this.bb!.__vector(this.bb_pos + offset), this.bb!.__vector_len(this.bb_pos + offset)) : null;
}

static startSlotOffer(builder:flatbuffers.Builder) {
  builder.startObject(3);
}

static addSlotIndex(builder:flatbuffers.Builder, slotIndex:number) {
  builder.addFieldInt32(0, slotIndex, 0);
}

static addAllocationId(builder:flatbuffers.Builder, allocationIdOffset:flatbuffers.Offset) {
  builder.addFieldOffset(1, allocationIdOffset, 0);
}

static addProfile(builder:flatbuffers.Builder, profileOffset:flatbuffers.Offset) {
  builder.addFieldOffset(2, profileOffset, 0);
}

static createProfileVector(builder:flatbuffers.Builder, data:number[]|Uint8Array):flatbuffers.Offset {
  builder.startVector(1, data.length, 1);
  for (let i = data.length - 1; i >= 0; i--) {
    builder.addInt8(data[i]!);
  }
  return builder.endVector();
}

static startProfileVector(builder:flatbuffers.Builder, numElems:number) {
  builder.startVector(1, numElems, 1);
}

static endSlotOffer(builder:flatbuffers.Builder):flatbuffers.Offset {
  const offset = builder.endObject();
  return offset;
}

static createSlotOffer(builder:flatbuffers.Builder, slotIndex:number, allocationIdOffset:flatbuffers.Offset, profileOffset:flatbuffers.Offset):flatbuffers.Offset {
  SlotOffer.startSlotOffer(builder);
  SlotOffer.addSlotIndex(builder, slotIndex);
  SlotOffer.addAllocationId(builder, allocationIdOffset);
  SlotOffer.addProfile(builder, profileOffset);
  return SlotOffer.endSlotOffer(builder);
}
}

export class SlotReportOf {
  bb: flatbuffers.ByteBuffer|null = null;
  bb_pos = 0;
  __init(i:number, bb:flatbuffers.ByteBuffer):SlotReportOf {
  this.bb_pos = i;
  this.bb = bb;
  return this;
}

static getRootAsSlotReportOf(bb:flatbuffers.ByteBuffer, obj?:SlotReportOf):SlotReportOf {
  return (obj || new SlotReportOf()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

static getSizePrefixedRootAsSlotReportOf(bb:flatbuffers.ByteBuffer, obj?:SlotReportOf):SlotReportOf {
  bb.setPosition(bb.position() + flatbuffers.SIZE_PREFIX_LENGTH);
  return (obj || new SlotReportOf()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

slotKey():string|null
slotKey(optionalEncoding:flatbuffers.Encoding):string|Uint8Array|null
slotKey(optionalEncoding?:any):string|Uint8Array|null {
  const offset = this.bb!.__offset(this.bb_pos, 4);
  return offset ? this.bb!.__string(this.bb_pos + offset, optionalEncoding) : null;
}

/**
 * SlotReport (runtime/tasks/slot/slot_protocol.ts).
 */
report(index: number):number|null {
  const offset = this.bb!.__offset(this.bb_pos, 6);
  return offset ? this.bb!.readUint8(this.bb!.__vector(this.bb_pos + offset) + index) : 0;
}

reportLength():number {
  const offset = this.bb!.__offset(this.bb_pos, 6);
  return offset ? this.bb!.__vector_len(this.bb_pos + offset) : 0;
}

reportArray():Uint8Array|null {
  const offset = this.bb!.__offset(this.bb_pos, 6);
  return offset ? new Uint8Array(this.bb!.bytes().buffer, this.bb!.bytes().byteOffset + this.bb!.__vector(this.bb_pos + offset), this.bb!.__vector_len(this.bb_pos + offset)) : null;
}

static startSlotReportOf(builder:flatbuffers.Builder) {
  builder.startObject(2);
}

static addSlotKey(builder:flatbuffers.Builder, slotKeyOffset:flatbuffers.Offset) {
  builder.addFieldOffset(0, slotKeyOffset, 0);
}

static addReport(builder:flatbuffers.Builder, reportOffset:flatbuffers.Offset) {
  builder.addFieldOffset(1, reportOffset, 0);
}

static createReportVector(builder:flatbuffers.Builder, data:number[]|Uint8Array):flatbuffers.Offset {
  builder.startVector(1, data.length, 1);
  for (let i = data.length - 1; i >= 0; i--) {
    builder.addInt8(data[i]!);
  }
  return builder.endVector();
}

static startReportVector(builder:flatbuffers.Builder, numElems:number) {
  builder.startVector(1, numElems, 1);
}

static endSlotReportOf(builder:flatbuffers.Builder):flatbuffers.Offset {
  const offset = builder.endObject();
  return offset;
}

static createSlotReportOf(builder:flatbuffers.Builder, slotKeyOffset:flatbuffers.Offset, reportOffset:flatbuffers.Offset):flatbuffers.Offset {
  SlotReportOf.startSlotReportOf(builder);
  SlotReportOf.addSlotKey(builder, slotKeyOffset);
  SlotReportOf.addReport(builder, reportOffset);
  return SlotReportOf.endSlotReportOf(builder);
}
}

export class SlotReport {
  bb: flatbuffers.ByteBuffer|null = null;
  bb_pos = 0;
  __init(i:number, bb:flatbuffers.ByteBuffer):SlotReport {
  this.bb_pos = i;
  this.bb = bb;
  return this;
}

static getRootAsSlotReport(bb:flatbuffers.ByteBuffer, obj?:SlotReport):SlotReport {
  return (obj || new SlotReport()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

static getSizePrefixedRootAsSlotReport(bb:flatbuffers.ByteBuffer, obj?:SlotReport):SlotReport {
  bb.setPosition(bb.position() + flatbuffers.SIZE_PREFIX_LENGTH);
  return (obj || new SlotReport()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

resourceId():string|null
resourceId(optionalEncoding:flatbuffers.Encoding):string|Uint8Array|null
resourceId(optionalEncoding?:any):string|Uint8Array|null {
  const offset = this.bb!.__offset(this.bb_pos, 4);
  return offset ? this.bb!.__string(this.bb_pos + offset, optionalEncoding) : null;
}

slots(index: number, obj?:SlotStatus):SlotStatus|null {
  const offset = this.bb!.__offset(this.bb_pos, 6);
  return offset ? (obj || new SlotStatus()).__init(this.bb!.__indirect(this.bb!.__vector(this.bb_pos + offset) + index * 4), this.bb!) : null;
}

slotsLength():number {
  const offset = this.bb!.__offset(this.bb_pos, 6);
  return offset ? this.bb!.__vector_len(this.bb_pos + offset) : 0;
}

static startSlotReport(builder:flatbuffers.Builder) {
  builder.startObject(2);
}

static addResourceId(builder:flatbuffers.Builder, resourceIdOffset:flatbuffers.Offset) {
  builder.addFieldOffset(0, resourceIdOffset, 0);
}

static addSlots(builder:flatbuffers.Builder, slotsOffset:flatbuffers.Offset) {
  builder.addFieldOffset(1, slotsOffset, 0);
}

static createSlotsVector(builder:flatbuffers.Builder, data:flatbuffers.Offset[]):flatbuffers.Offset {
  builder.startVector(4, data.length, 4);
  for (let i = data.length - 1; i >= 0; i--) {
    builder.addOffset(data[i]!);
  }
  return builder.endVector();
}

static startSlotsVector(builder:flatbuffers.Builder, numElems:number) {
  builder.startVector(4, numElems, 4);
}

static endSlotReport(builder:flatbuffers.Builder):flatbuffers.Offset {
  const offset = builder.endObject();
  return offset;
}

static createSlotReport(builder:flatbuffers.Builder, resourceIdOffset:flatbuffers.Offset, slotsOffset:flatbuffers.Offset):flatbuffers.Offset {
  SlotReport.startSlotReport(builder);
  SlotReport.addResourceId(builder, resourceIdOffset);
  SlotReport.addSlots(builder, slotsOffset);
  return SlotReport.endSlotReport(builder);
}
}

export class SlotRequest {
  bb: flatbuffers.ByteBuffer|null = null;
  bb_pos = 0;
  __init(i:number, bb:flatbuffers.ByteBuffer):SlotRequest {
  this.bb_pos = i;
  this.bb = bb;
  return this;
}

static getRootAsSlotRequest(bb:flatbuffers.ByteBuffer, obj?:SlotRequest):SlotRequest {
  return (obj || new SlotRequest()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

static getSizePrefixedRootAsSlotRequest(bb:flatbuffers.ByteBuffer, obj?:SlotRequest):SlotRequest {
  bb.setPosition(bb.position() + flatbuffers.SIZE_PREFIX_LENGTH);
  return (obj || new SlotRequest()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

jobId():string|null
jobId(optionalEncoding:flatbuffers.Encoding):string|Uint8Array|null
jobId(optionalEncoding?:any):string|Uint8Array|null {
  const offset = this.bb!.__offset(this.bb_pos, 4);
  return offset ? this.bb!.__string(this.bb_pos + offset, optionalEncoding) : null;
}

slotKey():string|null
slotKey(optionalEncoding:flatbuffers.Encoding):string|Uint8Array|null
slotKey(optionalEncoding?:any):string|Uint8Array|null {
  const offset = this.bb!.__offset(this.bb_pos, 6);
  return offset ? this.bb!.__string(this.bb_pos + offset, optionalEncoding) : null;
}

/**
 * SlotRequest (runtime/tasks/slot/slot_protocol.ts).
 */
request(index: number):number|null {
  const offset = this.bb!.__offset(this.bb_pos, 8);
  return offset ? this.bb!.readUint8(this.bb!.__vector(this.bb_pos + offset) + index) : 0;
}

requestLength():number {
  const offset = this.bb!.__offset(this.bb_pos, 8);
  return offset ? this.bb!.__vector_len(this.bb_pos + offset) : 0;
}

requestArray():Uint8Array|null {
  const offset = this.bb!.__offset(this.bb_pos, 8);
  return offset ? new Uint8Array(this.bb!.bytes().buffer, this.bb!.bytes().byteOffset + this.bb!.__vector(this.bb_pos + offset), this.bb!.__vector_len(this.bb_pos + offset)) : null;
}

static startSlotRequest(builder:flatbuffers.Builder) {
  builder.startObject(3);
}

static addJobId(builder:flatbuffers.Builder, jobIdOffset:flatbuffers.Offset) {
  builder.addFieldOffset(0, jobIdOffset, 0);
}

static addSlotKey(builder:flatbuffers.Builder, slotKeyOffset:flatbuffers.Offset) {
  builder.addFieldOffset(1, slotKeyOffset, 0);
}

static addRequest(builder:flatbuffers.Builder, requestOffset:flatbuffers.Offset) {
  builder.addFieldOffset(2, requestOffset, 0);
}

static createRequestVector(builder:flatbuffers.Builder, data:number[]|Uint8Array):flatbuffers.Offset {
  builder.startVector(1, data.length, 1);
  for (let i = data.length - 1; i >= 0; i--) {
    builder.addInt8(data[i]!);
  }
  return builder.endVector();
}

static startRequestVector(builder:flatbuffers.Builder, numElems:number) {
  builder.startVector(1, numElems, 1);
}

static endSlotRequest(builder:flatbuffers.Builder):flatbuffers.Offset {
  const offset = builder.endObject();
  return offset;
}

static createSlotRequest(builder:flatbuffers.Builder, jobIdOffset:flatbuffers.Offset, slotKeyOffset:flatbuffers.Offset, requestOffset:flatbuffers.Offset):flatbuffers.Offset {
  SlotRequest.startSlotRequest(builder);
  SlotRequest.addJobId(builder, jobIdOffset);
  SlotRequest.addSlotKey(builder, slotKeyOffset);
  SlotRequest.addRequest(builder, requestOffset);
  return SlotRequest.endSlotRequest(builder);
}
}

export class SlotStatus {
  bb: flatbuffers.ByteBuffer|null = null;
  bb_pos = 0;
  __init(i:number, bb:flatbuffers.ByteBuffer):SlotStatus {
  this.bb_pos = i;
  this.bb = bb;
  return this;
}

static getRootAsSlotStatus(bb:flatbuffers.ByteBuffer, obj?:SlotStatus):SlotStatus {
  return (obj || new SlotStatus()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

static getSizePrefixedRootAsSlotStatus(bb:flatbuffers.ByteBuffer, obj?:SlotStatus):SlotStatus {
  bb.setPosition(bb.position() + flatbuffers.SIZE_PREFIX_LENGTH);
  return (obj || new SlotStatus()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

slotIndex():number {
  const offset = this.bb!.__offset(this.bb_pos, 4);
  return offset ? this.bb!.readUint32(this.bb_pos + offset) : 0;
}

allocationId():string|null
allocationId(optionalEncoding:flatbuffers.Encoding):string|Uint8Array|null
allocationId(optionalEncoding?:any):string|Uint8Array|null {
  const offset = this.bb!.__offset(this.bb_pos, 6);
  return offset ? this.bb!.__string(this.bb_pos + offset, optionalEncoding) : null;
}

jobId():string|null
jobId(optionalEncoding:flatbuffers.Encoding):string|Uint8Array|null
jobId(optionalEncoding?:any):string|Uint8Array|null {
  const offset = this.bb!.__offset(this.bb_pos, 8);
  return offset ? this.bb!.__string(this.bb_pos + offset, optionalEncoding) : null;
}

static startSlotStatus(builder:flatbuffers.Builder) {
  builder.startObject(3);
}

static addSlotIndex(builder:flatbuffers.Builder, slotIndex:number) {
  builder.addFieldInt32(0, slotIndex, 0);
}

static addAllocationId(builder:flatbuffers.Builder, allocationIdOffset:flatbuffers.Offset) {
  builder.addFieldOffset(1, allocationIdOffset, 0);
}

static addJobId(builder:flatbuffers.Builder, jobIdOffset:flatbuffers.Offset) {
  builder.addFieldOffset(2, jobIdOffset, 0);
}

static endSlotStatus(builder:flatbuffers.Builder):flatbuffers.Offset {
  const offset = builder.endObject();
  return offset;
}

static createSlotStatus(builder:flatbuffers.Builder, slotIndex:number, allocationIdOffset:flatbuffers.Offset, jobIdOffset:flatbuffers.Offset):flatbuffers.Offset {
  SlotStatus.startSlotStatus(builder);
  SlotStatus.addSlotIndex(builder, slotIndex);
  SlotStatus.addAllocationId(builder, allocationIdOffset);
  SlotStatus.addJobId(builder, jobIdOffset);
  return SlotStatus.endSlotStatus(builder);
}
}
