// Instructions on bfloat16, which Go's assembler does not know. Registers are numbers: d is the destination, s the last
// source, and v the other one (Intel's Architecture Instruction Set Extensions, AVX512_BF16).
#define EVEX(opcode, p, d, v, s) \
	BYTE $0x62                                                                                 \
	BYTE $(((((d)>>3)&1)^1)<<7|((((s)>>4)&1)^1)<<6|((((s)>>3)&1)^1)<<5|((((d)>>4)&1)^1)<<4|2)          \
	BYTE $((((v)&15)^15)<<3|4|p)                                                               \
	BYTE $(0x40|((((v)>>4)&1)^1)<<3)                                                             \
	BYTE $opcode                                                                               \
	BYTE $(0xC0|((d)&7)<<3|(s)&7)

// DOT adds to 16 numbers of d the products of pairs of v and s: VDPBF16PS.
#define DOT(d, v, s) EVEX(0x52, 2, d, v, s)

// ROUND sets the lower half of d to the 16 numbers of s: VCVTNEPS2BF16.
#define ROUND(d, s) EVEX(0x72, 2, d, 0, s)

// PAIR sets the lower half of d to the 16 numbers of s, and the upper one to those of v: VCVTNE2PS2BF16.
#define PAIR(d, v, s) EVEX(0x72, 3, d, v, s)
