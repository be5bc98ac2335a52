/** What must hold of every page. */
import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { Script } from 'node:vm';

export interface EmbeddedDrawing {
  readonly id: string;
  readonly data: readonly (readonly (number | null)[])[];
  readonly series: readonly { readonly label: string; readonly form: string; readonly colour: number }[];
}

/** It loads nothing, is allowed to load nothing, its scripts can be parsed, and each plot has a place and a table beside it. Answers what it draws. */
export function assertWhole(html: string): EmbeddedDrawing[] {
  match(html, /^<!doctype html>\n<html lang="en">/);
  match(html, /<meta http-equiv="Content-Security-Policy" content="default-src 'none';/);
  const markup = html.replaceAll(/<script[^>]*>[\s\S]*?<\/script>/g, '');
  deepEqual(markup.match(/\b(?:src|href|action)\s*=|@import|url\(|<link|<iframe|<img/gi), null);
  const scripts = [...html.matchAll(/<script( type="application\/json"[^>]*)?>([\s\S]*?)<\/script>/g)];
  equal(html.split('<script').length - 1, scripts.length);
  const [data, ...code] = scripts.toSorted((a, b) => Number(b[1] !== undefined) - Number(a[1] !== undefined));
  for (const [, , text] of code) {
    ok(!/\b(?:fetch|XMLHttpRequest|WebSocket|importScripts|import)\s*\(/.test(text!));
    new Script(text!);
  }
  const drawings = data === undefined ? [] : (JSON.parse(data[2]!) as EmbeddedDrawing[]);
  for (const { id, data: columns, series } of drawings) {
    match(markup, new RegExp(`<div class="plot" id="${id}" role="img" aria-labelledby="${id}-title">`));
    match(markup, new RegExp(`<figcaption id="${id}-title">[^<]+<`));
    equal(columns.length, series.length + 1);
    for (const column of columns) equal(column.length, columns[0]!.length);
    ok(columns[0]!.every((x, i) => i === 0 || x! > columns[0]![i - 1]!));
  }
  equal(markup.split('<div class="numbers"').length - 1, drawings.length);
  for (const [, after] of markup.matchAll(/<div class="numbers"[^>]*>(.{0,20})/g)) match(after!, /^<table>/);
  return drawings;
}
