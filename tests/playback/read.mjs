// What independent programs read in a package, as JSON: read.mjs FOLDER
//
// hls-parser (strict: it throws where a playlist breaks RFC 8216) reads the playlists, and mp4box.js
// of GPAC the media. Nothing is judged here: tests/playback/rules.py compares what they say.

import { createRequire } from 'node:module';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { createFile } from 'mp4box';

const HLS = createRequire(import.meta.url)('hls-parser');
HLS.setOptions({ strictMode: true });

const folder = process.argv[2];
const said = [];
for (const level of ['log', 'info', 'warn', 'error']) {
  console[level] = (...words) => said.push(words.join(' '));
}

const range = (uri, { offset, length }) => ({ uri, offset, length });

function playlist(name) {
  const list = HLS.parse(readFileSync(join(folder, name), 'utf8'));
  if (list.isMasterPlaylist) {
    return {
      kind: 'master',
      independent: Boolean(list.independentSegments),
      variants: list.variants.map((variant) => ({
        uri: variant.uri,
        iframes: Boolean(variant.isIFrameOnly),
        codecs: variant.codecs ?? '',
        width: variant.resolution?.width ?? 0,
        height: variant.resolution?.height ?? 0,
        frame_rate: variant.frameRate ?? 0,
        bandwidth: variant.bandwidth,
        average_bandwidth: variant.averageBandwidth ?? 0,
        audio: variant.audio.map(({ uri, language, name, isDefault, groupId }) => ({
          uri, language: language ?? '', name, default: Boolean(isDefault), group: groupId,
        })),
      })),
    };
  }
  return {
    kind: 'media',
    target: list.targetDuration,
    ended: Boolean(list.endlist),
    vod: list.playlistType === 'VOD',
    iframes: Boolean(list.isIFrame),
    segments: list.segments.map((segment) => ({
      seconds: segment.duration,
      media: range(segment.uri, segment.byterange),
      init: range(segment.map.uri, segment.map.byterange),
    })),
  };
}

// The types of the units that a sample is made of (ISO/IEC 14496-15, 5.3.4.2 and 8.3.3).
function units(bytes, sample, entry) {
  const config = entry.avcC ?? entry.hvcC;
  if (!config) return [];
  const prefix = (config.lengthSizeMinusOne & 3) + 1;
  const found = [];
  for (let at = sample.offset; at < sample.offset + sample.size && at < bytes.length;) {
    const length = bytes.readUIntBE(at, prefix);
    const head = bytes[at + prefix];
    found.push(entry.avcC ? head & 0x1f : (head >> 1) & 0x3f);
    at += prefix + length;
  }
  return found;
}

function fragments(file, bytes, track, entry) {
  const trak = file.moov.traks[0];
  // What an edit list cuts off at the beginning is not shown.
  const skipped = trak.edts?.elst?.entries[0]?.media_time ?? 0;
  const samples = file.getTrackSamplesInfo(track.id);
  return file.moofs.map((moof, number) => {
    const own = samples.filter((sample) => sample.moof_number === number + 1);
    const next = file.boxes.find((box) => box.start >= moof.start + moof.size && box.type !== 'mdat');
    const keys = own.filter((sample) => sample.is_sync);
    return {
      begin: moof.start,
      end: next?.start ?? file.boxes.at(-1).start + file.boxes.at(-1).size,
      decode_time: moof.trafs[0].tfdt.baseMediaDecodeTime,
      duration: own.reduce((sum, sample) => sum + sample.duration, 0),
      presented: Math.max(0, Math.min(...own.map((sample) => sample.cts)) - skipped),
      presented_end: Math.max(...own.map((sample) => sample.cts + sample.duration)) - skipped,
      samples: own.length,
      starts_with_key: own[0].is_sync,
      first_units: track.video ? units(bytes, own[0], entry) : [],
      keys: keys.map((sample) => ({
        end: sample.offset + sample.size, presented: sample.cts - skipped,
      })),
      stays_inside: own.every((sample) => sample.offset > moof.start
        && sample.offset + sample.size <= (next?.start ?? bytes.length)),
    };
  });
}

function media(name) {
  const bytes = readFileSync(join(folder, name));
  const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);
  buffer.fileStart = 0;
  const file = createFile();
  file.onError = (module, message) => said.push(message);
  file.appendBuffer(buffer);
  file.flush();
  const track = file.getInfo().tracks[0];
  const entry = file.moov.traks[0].mdia.minf.stbl.stsd.entries[0];
  return {
    bytes: bytes.length,
    brands: file.getInfo().brands,
    boxes: file.boxes.map(({ type, start, size }) => ({ type, begin: start, end: start + size })),
    tracks: file.getInfo().tracks.length,
    codec: track.codec,
    timescale: track.timescale,
    width: entry.width ?? 0,
    height: entry.height ?? 0,
    fragments: fragments(file, bytes, track, entry),
    index: file.boxes.filter((box) => box.type === 'sidx').flatMap((box) => box.references.map(
      ({ referenced_size, subsegment_duration, starts_with_SAP }) => ({
        bytes: referenced_size, duration: subsegment_duration, sap: Boolean(starts_with_SAP),
      }))),
  };
}

const result = { playlists: {}, media: {}, faults: [] };
for (const name of readdirSync(folder).sort()) {
  const [by, read, into] = name.endsWith('.m3u8') ? ['hls-parser', playlist, result.playlists]
    : name.endsWith('.mp4') ? ['mp4box', media, result.media] : [];
  if (!read) continue;
  try {
    into[name] = read(name);
  } catch (error) {
    said.push(error.message);
  }
  for (const words of said.splice(0)) {
    result.faults.push({ by, file: name, words: words.replace(/^(\[[^\]]*\] ?)+/, '') });
  }
}
process.stdout.write(JSON.stringify(result));
