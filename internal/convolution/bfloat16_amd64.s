#include "textflag.h"
#include "bfloat16_amd64.h"

// alternating takes 16 bit numbers of the lower and of the upper half of a register in turns.
DATA ·alternating+0(SB)/8, $0x0011000100100000
DATA ·alternating+8(SB)/8, $0x0013000300120002
DATA ·alternating+16(SB)/8, $0x0015000500140004
DATA ·alternating+24(SB)/8, $0x0017000700160006
DATA ·alternating+32(SB)/8, $0x0019000900180008
DATA ·alternating+40(SB)/8, $0x001b000b001a000a
DATA ·alternating+48(SB)/8, $0x001d000d001c000c
DATA ·alternating+56(SB)/8, $0x001f000f001e000e
GLOBL ·alternating(SB), RODATA|NOPTR, $64

// func round(to, from *float32, n int)
TEXT ·round(SB), NOSPLIT, $0-24
	MOVQ to+0(FP), DI
	MOVQ from+8(FP), SI
	MOVQ n+16(FP), CX

numbers:
	VMOVUPS (SI), Z0
	ROUND(0, 0)
	VMOVDQU Y0, (DI)
	ADDQ    $64, SI
	ADDQ    $32, DI
	SUBQ    $16, CX
	JNZ     numbers
	VZEROUPPER
	RET

// func pair(to, a, b *float32, n int)
TEXT ·pair(SB), NOSPLIT, $0-32
	MOVQ      to+0(FP), DI
	MOVQ      a+8(FP), SI
	MOVQ      b+16(FP), DX
	MOVQ      n+24(FP), CX
	VMOVDQU64 ·alternating(SB), Z31
	XORQ      AX, AX

numbers:
	VMOVUPS (SI)(AX*1), Z0
	VMOVUPS (DX)(AX*1), Z1
	PAIR(0, 1, 0)
	VPERMW  Z0, Z31, Z0
	VMOVUPS Z0, (DI)(AX*1)
	ADDQ    $64, AX
	SUBQ    $16, CX
	JNZ     numbers
	VZEROUPPER
	RET
