#include "textflag.h"

// The first of two weights for one pixel, the second for the next.
DATA spread<>+0(SB)/8, $0x0000000000000000
DATA spread<>+8(SB)/8, $0x0000000000000000
DATA spread<>+16(SB)/8, $0x0000000100000001
DATA spread<>+24(SB)/8, $0x0000000100000001
GLOBL spread<>(SB), RODATA|NOPTR, $32

// Where pixels are after packing, which works on halves of registers.
DATA order<>+0(SB)/8, $0x0000000400000000
DATA order<>+8(SB)/8, $0x0000000500000001
DATA order<>+16(SB)/8, $0x0000000600000002
DATA order<>+24(SB)/8, $0x0000000700000003
GLOBL order<>(SB), RODATA|NOPTR, $32

// func columnsAVX2(dst, src *byte, first *int32, weights *uint32, n, taps int)
TEXT ·columnsAVX2(SB), NOSPLIT, $0-48
	MOVQ dst+0(FP), DI
	MOVQ src+8(FP), SI
	MOVQ first+16(FP), R8
	MOVQ weights+24(FP), R9
	MOVQ n+32(FP), CX
	MOVQ taps+40(FP), R10
	SHRQ $1, R10
	VMOVDQU spread<>(SB), Y5
	MOVL $0x200000, AX // half of 1<<22
	VMOVD AX, X6
	VPBROADCASTD X6, X6

pixel:
	MOVLQSX (R8), AX
	LEAQ (SI)(AX*4), R11
	VMOVDQA X6, X0 // and 0 in the upper half
	MOVQ R10, R12

	// Two pixels of four bytes at a time.
pair:
	VPMOVZXBD (R11), Y1
	VPBROADCASTQ (R9), Y2
	VPERMILPS Y5, Y2, Y2
	VPMULLD Y2, Y1, Y1
	VPADDD Y1, Y0, Y0
	ADDQ $8, R11
	ADDQ $8, R9
	DECQ R12
	JNZ pair

	VEXTRACTI128 $1, Y0, X1
	VPADDD X1, X0, X0
	VPSRLD $22, X0, X0
	VPACKUSDW X0, X0, X0
	VPACKUSWB X0, X0, X0
	VMOVD X0, (DI)
	ADDQ $4, R8
	ADDQ $4, DI
	DECQ CX
	JNZ pixel
	VZEROUPPER
	RET

// func rowsAVX2(dst, src *byte, stride int, weights *uint32, blocks, taps int)
TEXT ·rowsAVX2(SB), NOSPLIT, $0-48
	MOVQ dst+0(FP), DI
	MOVQ src+8(FP), SI
	MOVQ stride+16(FP), R8
	MOVQ weights+24(FP), R9
	MOVQ blocks+32(FP), CX
	MOVQ taps+40(FP), R10
	VMOVDQU order<>(SB), Y9
	MOVL $0x200000, AX // half of 1<<22
	VMOVD AX, X10
	VPBROADCASTD X10, Y10

block:
	VMOVDQA Y10, Y0
	VMOVDQA Y10, Y1
	VMOVDQA Y10, Y2
	VMOVDQA Y10, Y3
	MOVQ SI, R11
	MOVQ R9, R12
	MOVQ R10, R13

tap:
	VPBROADCASTD (R12), Y4
	VPMOVZXBD (R11), Y5
	VPMOVZXBD 8(R11), Y6
	VPMOVZXBD 16(R11), Y7
	VPMOVZXBD 24(R11), Y8
	VPMULLD Y4, Y5, Y5
	VPMULLD Y4, Y6, Y6
	VPMULLD Y4, Y7, Y7
	VPMULLD Y4, Y8, Y8
	VPADDD Y5, Y0, Y0
	VPADDD Y6, Y1, Y1
	VPADDD Y7, Y2, Y2
	VPADDD Y8, Y3, Y3
	ADDQ R8, R11
	ADDQ $4, R12
	DECQ R13
	JNZ tap

	VPSRLD $22, Y0, Y0
	VPSRLD $22, Y1, Y1
	VPSRLD $22, Y2, Y2
	VPSRLD $22, Y3, Y3
	VPACKUSDW Y1, Y0, Y0
	VPACKUSDW Y3, Y2, Y2
	VPACKUSWB Y2, Y0, Y0
	VPERMD Y0, Y9, Y0
	VMOVDQU Y0, (DI)
	ADDQ $32, SI
	ADDQ $32, DI
	DECQ CX
	JNZ block
	VZEROUPPER
	RET
