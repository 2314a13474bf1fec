import { pack, unpack } from "msgpackr";
import { isUtf8 } from "node:buffer";
import { readDelta, writeDelta } from "./src/fast-delta.ts";
const MAXF=65536;
let src,pos;
function uint(){const t=src[pos++]; if(t<=0x7f)return t; if(t===0xcd){const v=(src[pos]<<8)|src[pos+1];pos+=2;return v;} if(t===0xce){const v=src[pos]*0x1000000+((src[pos+1]<<16)|(src[pos+2]<<8)|src[pos+3]);pos+=4;return v;} if(t===0xcc)return src[pos++]; return -1;}
const fcc=String.fromCharCode;
function ascii(from,to){
  let s="",i=from;
  for(;i+4<=to;i+=4){const a=src[i],b=src[i+1],c=src[i+2],d=src[i+3]; if((a|b|c|d)>=0x80)return undefined; s+=fcc(a,b,c,d);}
  for(;i<to;i++){const a=src[i]; if(a>=0x80)return undefined; s+=fcc(a);}
  return s;
}
function text(){const t=src[pos++];let n; if(t>=0xa0&&t<=0xbf)n=t&31; else if(t===0xd9)n=src[pos++]; else if(t===0xda){n=(src[pos]<<8)|src[pos+1];pos+=2}else return undefined;
 const from=pos,to=pos+=n; if(to>src.length||n>8192)return undefined;
 if(n<=24){const s=ascii(from,to); if(s!==undefined)return s;}
 const b=Buffer.from(src.buffer,src.byteOffset+from,n); return isUtf8(b)?b.utf8Slice(0,n):undefined;}
function fast(bytes){
  if(bytes[0]!==0x92||bytes[1]!==66||bytes.length>MAXF)return undefined;
  src=bytes;let t=bytes[2];pos=3;let n;
  if((t&0xf0)===0x90)n=t&15;else if(t===0xdc){n=(bytes[3]<<8)|bytes[4];pos=5}else return undefined;
  if(n<1||n>256)return undefined;
  const parts=[];
  for(let i=0;i<n;i++){ if(src[pos++]!==0x93)return undefined; const l=uint(),o=uint(),s=text(); if(l<1||o<0||!s)return undefined; parts.push([l,o,s]);}
  return pos===bytes.length?{kind:"delta",parts}:undefined;
}
const one=[66,[[1201,37," barrel"]]], eight=[66,Array.from({length:8},(_, i)=>[1201+2*i,37+i," barrel"])], uni=[66,[[1201,37," Grüße"]]], long=[66,[[1201,37,"and then the barrel rolled down the hill"]]];
let sink;
function t(f,x){const s=process.cpuUsage();let n=200000;for(let i=0;i<n;i++)sink=f(x);const e=process.cpuUsage(s);return (e.user+e.system)*1000/n}
const med=a=>a.sort((x,y)=>x-y)[a.length>>1];
for(const [name,w] of Object.entries({one,eight,uni,long})){const b=pack(w); const v={kind:"delta",parts:w[1]}; const r={plain:[],cur:[],fast:[],packplain:[],writecur:[]};
 for(let i=0;i<15;i++){r.plain.push(t(unpack,b));r.cur.push(t(readDelta,b));r.fast.push(t(fast,b));r.packplain.push(t(pack,w));r.writecur.push(t(writeDelta,v));}
 console.log(name,Object.fromEntries(Object.entries(r).map(([k,v])=>[k,Math.round(med(v))])));}
